//! Rows by their numbers, from all over the tables, in one piece of memory: packed rows.
//!
//! Lists of rows lie one after the other; of each list first the weights of all rows, then their state, as
//! the words that they are. Tables with the same dims, types and optimizer have the same packed rows, so that
//! what is gathered from one device can be scattered on another.

use std::ops::Range;

use super::TableStore;
use super::store::Kind;
use crate::Result;
use crate::device::{Buffer, Dispatch, Readback, Recorder};
use crate::kernels::move_rows::{Bindings, Params};
use crate::kernels::width::Width;
use crate::numbers::narrow;

/// Rows of one table by their numbers, each at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowList {
    pub(crate) table: usize,
    pub(crate) rows: Vec<u32>,
}

/// Words of packed rows that lie together.
struct Region {
    table: usize,
    kind: Kind,
    /// The list's first row among all.
    first_place: u32,
    rows: u32,
    /// Words of a row, and the word where they begin.
    cols: u32,
    begin: u32,
}

impl Region {
    fn words(&self) -> usize {
        self.rows as usize * self.cols as usize
    }
}

impl TableStore {
    /// Bytes of a row of a table: of its weights and its state.
    pub(crate) fn packed_row_bytes(&self, table: usize) -> u64 {
        KINDS.iter().map(|&kind| self.row_words(table, kind) * 4).sum()
    }

    /// Bytes that a list of packed rows takes at most, besides those of its rows.
    pub(crate) const PACKED_GAPS: u64 = 2 * (ALIGNMENT - 1) * 4;

    /// Bytes of packed rows that are moved between host and device at once, where there are many.
    pub(crate) const PACKED_PIECE: u64 = 16 << 20;

    /// Rows of a table that are moved at once: those of a piece, or of a binding if that is less.
    pub(crate) fn packed_rows_at_once(&self, table: usize) -> usize {
        let room = Self::PACKED_PIECE.min(self.context().limits().binding).saturating_sub(Self::PACKED_GAPS);
        let rows = room / self.packed_row_bytes(table).max(1);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }

    /// Records that rows are read; together they must fit a binding.
    pub(crate) fn record_gather(&self, rec: &mut Recorder, lists: &[RowList]) -> Result<Readback<u32>> {
        let (regions, words) = self.regions(lists, &KINDS);
        let packed = rec.scratch("embag.packed_rows", words * 4)?;
        self.record_moves(rec, lists, &regions, &packed, false)?;
        Ok(rec.readback(&packed))
    }

    /// Records that rows are overwritten with the words of as many packed rows; together they must fit a
    /// binding.
    pub(crate) fn record_scatter(&self, rec: &mut Recorder, lists: &[RowList], words: &[u32]) -> Result<()> {
        let packed = rec.scratch_from("embag.packed_rows", words)?;
        self.record_moves(rec, lists, &self.regions(lists, &KINDS).0, &packed, true)
    }

    /// [`TableStore::record_scatter`] of the weights of rows of one table without state.
    pub(crate) fn record_replace(
        &self,
        rec: &mut Recorder,
        table: usize,
        rows: &[u32],
        words: &[u32],
    ) -> Result<()> {
        let lists = [RowList { table, rows: rows.to_vec() }];
        let mut packed = words.to_vec();
        packed.resize(usize::try_from(self.regions(&lists, &KINDS).1).unwrap_or(packed.len()), 0);
        self.record_scatter(rec, &lists, &packed)
    }

    /// [`TableStore::record_gather`] at once; blocks.
    pub(crate) fn gather(&self, lists: &[RowList]) -> Result<Vec<u32>> {
        let mut rec = Recorder::new(self.context());
        let readback = self.record_gather(&mut rec, lists)?;
        rec.submit().map(drop)?;
        readback.wait()
    }

    /// The words of rows' weights, and where those of each list are among them; blocks.
    pub(crate) fn gather_weights(&self, lists: &[RowList]) -> Result<(Vec<u32>, Vec<Range<usize>>)> {
        let (regions, words) = self.regions(lists, &[Kind::Weights]);
        let mut rec = Recorder::new(self.context());
        let packed = rec.scratch("embag.packed_rows", words * 4)?;
        self.record_moves(&mut rec, lists, &regions, &packed, false)?;
        let readback = rec.readback::<u32>(&packed);
        rec.submit().map(drop)?;
        let words = readback.wait()?;
        let ranges = regions.iter().map(|region| {
            let begin = region.begin as usize;
            begin..begin + region.words()
        });
        Ok((words, ranges.collect()))
    }

    /// [`TableStore::record_scatter`] at once, after everything submitted so far.
    pub(crate) fn scatter(&self, lists: &[RowList], words: &[u32]) -> Result<()> {
        let mut rec = Recorder::new(self.context());
        self.record_scatter(&mut rec, lists, words)?;
        rec.submit().map(drop)
    }

    /// Where packed rows lie, and their words in all.
    fn regions(&self, lists: &[RowList], kinds: &[Kind]) -> (Vec<Region>, u64) {
        let mut regions = Vec::new();
        let (mut places, mut words) = (0, 0u64);
        for &RowList { table, ref rows } in lists {
            for &kind in kinds {
                let cols = self.row_words(table, kind);
                regions.push(Region {
                    table,
                    kind,
                    first_place: narrow(places),
                    rows: narrow(rows.len() as u64),
                    cols: narrow(cols),
                    begin: narrow(words),
                });
                words = (words + rows.len() as u64 * cols).next_multiple_of(ALIGNMENT);
            }
            places += rows.len() as u64;
        }
        (regions, words)
    }

    fn record_moves(
        &self,
        rec: &mut Recorder,
        lists: &[RowList],
        regions: &[Region],
        packed: &Buffer,
        scatter: bool,
    ) -> Result<()> {
        let places: Vec<u32> = lists.iter().flat_map(|list| &list.rows).copied().collect();
        let places = rec.scratch_from("embag.places", &places)?;
        for region in regions {
            for (w, window) in self.plan().windows.iter().enumerate() {
                for part in window.parts.iter().filter(|part| part.table == region.table) {
                    let (memory, base) = match region.kind {
                        // rows of 16-bit values begin at whole words
                        Kind::Weights => {
                            let bytes = u64::from(part.base) * window.format.element_bytes();
                            (self.weights(w), narrow(bytes / 4))
                        }
                        Kind::State => (self.state(w), part.state_base),
                    };
                    let wide = [region.cols, region.begin, base].iter().all(|words| words.is_multiple_of(4));
                    let width = Width::of(wide);
                    let (variant, width) = (width.variant(), width.columns());
                    let params = Params {
                        rows: region.rows,
                        first_place: region.first_place,
                        window_first: part.first_row,
                        window_rows: part.rows,
                        cols: region.cols / width,
                        table_base: base / width,
                        packed_base: region.begin / width,
                        scatter: u32::from(scatter),
                    };
                    let (source, out) = if scatter { (packed, memory) } else { (memory, packed) };
                    let bindings =
                        Bindings { places: places.clone(), source: source.clone(), out: out.clone() };
                    let threads = params.rows * params.cols;
                    rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
                }
            }
        }
        Ok(())
    }
}

const KINDS: [Kind; 2] = [Kind::Weights, Kind::State];

/// What the beginnings of lists are multiples of, in words, so that wide rows can be moved four words at a
/// time.
const ALIGNMENT: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::{Adagrad, Optimizer};
    use crate::table::KeptState;
    use crate::{Context, ContextOptions, Precision, Table};

    /// Tables of all kinds of rows, cut into windows of at most `binding` bytes.
    fn store(binding: u64) -> TableStore {
        let ctx = Context::cpu_with(&ContextOptions::new().max_binding(binding)).unwrap();
        let table = |rows, dim, precision| Table::rows(rows).dim(dim).precision(precision);
        let tables = vec![
            ("a".to_owned(), table(70, 8, Precision::F32)),
            ("b".to_owned(), table(50, 3, Precision::F32)),
            ("c".to_owned(), table(40, 7, Precision::F16)),
            ("d".to_owned(), table(9, 8, Precision::Bf16)),
        ];
        let optimizer: Optimizer = Adagrad::default().into();
        let kept = KeptState { optimizer: Some(optimizer), precision: Precision::F16, class: 0 };
        TableStore::new(&ctx, tables, &[kept; 4], 5).unwrap()
    }

    fn lists() -> Vec<RowList> {
        let list = |table, rows: &[u32]| RowList { table, rows: rows.to_vec() };
        vec![
            list(1, &[49, 0, 7]),
            list(0, &[69, 68, 3, 1, 30]),
            list(2, &[]),
            list(3, &[4]),
            list(2, &[39, 5]),
        ]
    }

    #[test]
    fn rows_are_gathered_weights_first() {
        for binding in [1 << 20, 1024] {
            let store = store(binding);
            let packed = store.gather(&lists()).unwrap();
            let row = |table, row| -> Vec<u32> {
                let values = store.read(table, row, 1).unwrap();
                store.shape(table).format.pack(&values, store.shape(table).dim as usize)
            };
            assert_eq!(packed[..9], [row(1, 49), row(1, 0), row(1, 7)].concat());
            // state of three values of 16 bits takes two words and begins at a multiple of four
            assert_eq!(packed[12..18], [0; 6]);
            assert_eq!(packed[20..28], row(0, 69));
            let bytes: u64 =
                lists().iter().map(|l| l.rows.len() as u64 * store.packed_row_bytes(l.table)).sum();
            let most = bytes + lists().len() as u64 * TableStore::PACKED_GAPS;
            assert!((bytes..=most).contains(&(packed.len() as u64 * 4)));
        }
    }

    #[test]
    fn what_one_store_gathers_another_takes() {
        let (from, to) = (store(1024), store(1 << 20));
        for table in 0..4 {
            let words = from.read_state(table, 0..1).unwrap().len();
            from.write_state(table, 0..1, &vec![0x1234_5678; words]).unwrap();
        }
        let before: Vec<Vec<f32>> = (0..4).map(|table| to.read_all(table).unwrap()).collect();
        to.scatter(&lists(), &from.gather(&lists()).unwrap()).unwrap();
        for list in lists() {
            let state = to.read_state(list.table, 0..1).unwrap();
            let changed = state.iter().filter(|&&word| word == 0x1234_5678).count();
            let rows: usize = lists().iter().filter(|l| l.table == list.table).map(|l| l.rows.len()).sum();
            assert_eq!(changed, rows);
            assert!(list.rows.iter().all(|&row| state[row as usize] == 0x1234_5678));
            // both stores have the same first values
            assert_eq!(to.read_all(list.table).unwrap(), before[list.table]);
        }
    }
}
