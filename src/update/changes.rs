//! Which rows changed, and since when.

use std::ops::Range;

use super::RowStore;
use super::step::Step;
use crate::Result;
use crate::device::{Buffer, Recorder};
use crate::kernels::stamp_rows;
use crate::numbers::narrow;
use crate::table::{Kind, RowList};

/// The step in which each row changed last: a word for each row of each window.
#[derive(Debug)]
pub(super) struct Stamps(Vec<Buffer>);

/// Bytes of stamps that are written at once.
const PIECE: u64 = 16 << 20;

impl RowStore {
    /// Notes from now on when rows change: 4 bytes a row.
    pub(crate) fn track_changes(&mut self) -> Result<()> {
        let (ctx, plan) = (self.tables.context(), self.tables.plan());
        let stamps = plan.windows.iter().map(|window| {
            let rows: u64 = window.parts.iter().map(|part| u64::from(part.rows)).sum();
            ctx.allocate("embag.stamps", rows * 4)
        });
        self.stamps = Some(Stamps(stamps.collect::<Result<_>>()?));
        Ok(())
    }

    /// Records that rows of a window change in a step: those among sorted keys that are in the range, which
    /// begins with the row that has the first stamp.
    pub(super) fn record_stamps(
        &self,
        rec: &mut Recorder,
        window: usize,
        (keys, len): (&Buffer, u32),
        (range, first_stamp): (Range<u32>, u32),
        step: &Step,
    ) {
        let Some(Stamps(stamps)) = &self.stamps else { return };
        if range.is_empty() {
            return;
        }
        let number = step.number();
        let params = move || stamp_rows::Params {
            len,
            key_begin: range.start,
            key_end: range.end,
            first_stamp,
            step: number.get(),
        };
        let bindings = stamp_rows::Bindings { keys: keys.clone(), stamps: stamps[window].clone() };
        let stamps = [("stamps", u64::from(len) * 4)];
        rec.dispatch_late(0, params, bindings, stamp_rows::KERNEL.groups(0, len), &stamps);
    }

    /// Whether it is known when rows changed.
    pub(crate) fn tracks_changes(&self) -> bool {
        self.stamps.is_some()
    }

    /// Notes that rows of a table were written from the host: they count as changed by the next step.
    pub(crate) fn stamp_written(&self, table: usize, rows: &[u32]) -> Result<()> {
        self.stamp(table, rows, self.steps().saturating_add(1))
    }

    /// Notes that rows of a table, in ascending order as far as can be, changed in a step.
    pub(crate) fn stamp(&self, table: usize, rows: &[u32], step: u32) -> Result<()> {
        let Some(stamps) = &self.stamps else { return Ok(()) };
        let mut rec = Recorder::new(self.context());
        for row in rows.chunk_by(|a, b| a + 1 == *b) {
            for words in self.stamp_pieces(stamps, table, row[0]..row[row.len() - 1] + 1) {
                let count = usize::try_from(words.size() / 4).unwrap_or(0);
                rec.upload(&words, bytemuck::cast_slice(&vec![step; count]).to_vec());
            }
        }
        rec.submit().map(drop)
    }

    /// The same for all rows.
    pub(super) fn stamp_all(&self, table: usize) -> Result<()> {
        match self.stamps {
            Some(ref stamps) => {
                let step = self.steps().saturating_add(1);
                let all = 0..self.tables.shape(table).rows;
                for words in self.stamp_pieces(stamps, table, all) {
                    let mut first = 0;
                    while first < words.size() {
                        let bytes = PIECE.min(words.size() - first);
                        words.write(self.context(), first, &vec![step; narrow(bytes / 4) as usize])?;
                        first += bytes;
                    }
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The rows of a table that changed after a step. Blocks.
    pub(crate) fn changed_rows(&self, table: usize, since: u32) -> Result<Vec<u32>> {
        let Some(stamps) = &self.stamps else { return Ok(Vec::new()) };
        let mut changed = Vec::new();
        let mut row = 0;
        for words in self.stamp_pieces(stamps, table, 0..self.tables.shape(table).rows) {
            for stamp in words.read::<u32>(self.context())? {
                if stamp > since {
                    changed.push(row);
                }
                row += 1;
            }
        }
        Ok(changed)
    }

    /// The values of rows of a table. Blocks.
    pub(crate) fn values_of(&self, table: usize, rows: &[u32]) -> Result<Vec<f32>> {
        let shape = self.tables.shape(table);
        let row_words = usize::try_from(self.tables.row_words(table, Kind::Weights)).unwrap_or(usize::MAX);
        let mut values = Vec::with_capacity(rows.len() * shape.dim as usize);
        for rows in rows.chunks(self.tables.packed_rows_at_once(table)) {
            let words = self.tables.gather(&[RowList { table, rows: rows.to_vec() }])?;
            values.extend(shape.format.unpack(&words[..rows.len() * row_words], shape.dim as usize));
        }
        Ok(values)
    }

    /// The stamps of some rows of a table, in their order.
    fn stamp_pieces(&self, stamps: &Stamps, table: usize, rows: Range<u32>) -> Vec<Buffer> {
        let mut pieces = Vec::new();
        for (window, stamps) in self.tables.plan().windows.iter().zip(&stamps.0) {
            for part in window.parts.iter().filter(|part| part.table == table) {
                let begin = rows.start.max(part.first_row);
                let end = rows.end.min(part.first_row + part.rows);
                if begin < end {
                    let first = part.key_first - window.keys().start + (begin - part.first_row);
                    pieces.push(stamps.part(u64::from(first) * 4, u64::from(end - begin) * 4));
                }
            }
        }
        pieces
    }
}
