//! Rows that are named by their keys, not by the features of a batch: for those who look rows up in ways of their own.

use super::EmbeddingBags;
use super::backward::Occurrences;
use super::chunk::Chunk;
use super::gradient::Bound;
use super::terms::{Partials, Parts, SortedTerms, WindowRows, row_loops, shape_within, too_many};
use super::update::Update;
use crate::device::{Buffer, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::feature::NONE;
use crate::kernels::part::{self, lanes_for};
use crate::kernels::{row_update, segment_gradient};
use crate::sort::SortedKeys;
use crate::table::table_seed;
use crate::{Error, Result};

/// What is known about each position: the key of its row, and a term of the row's gradient.
pub(crate) struct KeyTerms {
    pub(crate) len: u32,
    pub(crate) keys: Buffer,
    pub(crate) terms: Buffer,
    /// What the terms speak of, and whether all of them begin at multiples of four elements.
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

/// What the terms of each row come to.
pub(crate) struct KeySums {
    /// The distinct rows in ascending order, as many as there are positions at most, and their number.
    pub(crate) rows: Buffer,
    pub(crate) total: Buffer,
    /// `dim` values for each row, and how often it was there.
    pub(crate) sums: Buffer,
    pub(crate) occurrences: Buffer,
}

impl KeyTerms {
    /// Records the sums of the terms of rows below `rows`, of `dim` columns, each value clipped if `clip_value` is not 0;
    /// other keys are passed over, and all of them where `status` is of a batch that is refused. The result lies in scratch
    /// memory.
    pub(crate) fn sums(
        self,
        rec: &mut Recorder,
        status: &Buffer,
        rows: u32,
        dim: u32,
        clip_value: f32,
    ) -> Result<KeySums> {
        let len = self.len;
        let place = |rec: &mut Recorder, label, words: u64| rec.scratch(label, words * 4);
        let out = KeySums {
            rows: place(rec, "embag.rows", len.into())?,
            total: place(rec, "embag.total", 1)?,
            sums: place(rec, "embag.sums", u64::from(len) * u64::from(dim))?,
            occurrences: place(rec, "embag.occurrences", len.into())?,
        };
        let chunk = Chunk { members: Vec::new(), ids: len, keys: 0..rows, windows: 0..0 };
        let vec4 = self.vec4 && dim.is_multiple_of(4);
        let sorted = sorted(rec, self, &chunk)?;
        let keys = SortedKeys { len, keys: sorted.keys.clone(), range: 0..rows, status: status.clone() };
        let begins = keys.record_distinct(rec, &out.rows, &out.total)?;
        // pieces of frequent rows first, so that no thread walks all of them
        let part = part::Part {
            key_first: 0,
            rows,
            row_first: 0,
            base: 0,
            stride: dim,
            state_base: 0,
            state_stride: 0,
            dim,
            random: 0,
        };
        let parts = Parts::new(rec, &[part])?;
        let partials = Partials::record(rec, parts, &sorted, len, NONE, vec4, clip_value)?;
        let SortedTerms { bound, terms, .. } = sorted;
        let shape = shape_within(rec.context(), |shape| row_loops(shape, dim, 0, partials.is_some(), len));
        let shape = shape.ok_or_else(|| too_many(len))?;
        let lanes = lanes_for(dim);
        let params = segment_gradient::Params {
            rows: len,
            first: 0,
            dim,
            lanes,
            split: u32::from(partials.is_some()),
            stride: partials.as_ref().map_or(0, |partials| partials.stride),
            clip_value,
            out_base: 0,
            out_stride: dim,
        };
        let partials = match partials {
            Some(partials) => partials.buffer,
            None => rec.scratch("embag.unused", 16)?,
        };
        let bindings = vec![
            out.total.clone(),
            begins,
            terms,
            bound.buffer,
            partials,
            out.sums.clone(),
            out.occurrences.clone(),
        ];
        let groups = segment_gradient::groups(shape, len, lanes);
        let variant = segment_gradient::variant(vec4, shape);
        rec.dispatch(Dispatch::new(&segment_gradient::KERNEL, variant, &params, bindings, groups));
        Ok(out)
    }
}

/// Rows whose gradients have been summed.
pub(crate) struct CountedRows {
    pub(crate) len: u32,
    /// Their keys in ascending order, each once but for those that are no rows; behind them how often each occurred.
    pub(crate) keys: Buffer,
    /// One for each.
    pub(crate) terms: Buffer,
    /// What the terms speak of, and whether all of them begin at multiples of four elements.
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

impl EmbeddingBags {
    /// Records that a step begins, and gives what it does to rows whose gradients are summed first.
    pub(crate) fn begin_step(&self, rec: &mut Recorder) -> Result<Update> {
        self.next_update(rec, "one, for a backward")
    }

    /// Records the optimizer's step for rows of a table, whose numbers are their keys.
    pub(crate) fn update_counted(
        &self,
        rec: &mut Recorder,
        table: usize,
        rows: CountedRows,
        update: &Update,
    ) -> Result<()> {
        let update = &update.of_sums();
        let dim = self.store.shape(table).dim;
        let sums = self.sums(update);
        let shape = shape_within(rec.context(), |shape| {
            // a single term has three loops, each of one round
            u64::from(row_update::steps(shape, dim, sums)) * 6
        });
        let too_wide = || {
            let argument = format!("table \"{}\" dim", self.store.names()[table]);
            Error::invalid(argument, "fewer columns, for a software adapter", dim)
        };
        let shape = shape.ok_or_else(too_wide)?;
        for (w, window) in self.store.plan().windows.iter().enumerate() {
            let Some(of_table) = window.parts.iter().find(|part| part.table == table && part.rows > 0) else {
                continue;
            };
            // within a single table rows are keys
            let part = of_table.for_kernel(of_table.first_row, table_seed(self.seed, table));
            let parts = update.parts(rec, vec![part])?;
            let rows = WindowRows {
                len: rows.len,
                keys: rows.keys.clone(),
                key_range: part.key_first..part.key_first + part.rows,
                terms: rows.terms.clone(),
                grad: rows.grad.clone(),
                vec4: rows.vec4,
                partials: None,
                counted: true,
                shape,
            };
            self.update_window(rec, w, parts, rows, update)?;
        }
        Ok(())
    }

    /// One step of the optimizer for each row among the keys.
    pub(crate) fn step_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        rec.whole(|rec| {
            let update = self.begin_step(rec)?;
            self.update_by_key(rec, terms, &update)
        })
    }

    /// Adds its terms to each row among the keys.
    pub(crate) fn add_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<()> {
        self.update_by_key(rec, terms, &Update::adding())
    }

    /// The keys in ascending order, and their terms; equal ones stay in their order.
    pub(crate) fn sorted_by_key(&self, rec: &mut Recorder, terms: KeyTerms) -> Result<(Buffer, Buffer)> {
        let SortedTerms { keys, terms, .. } = sorted(rec, terms, &self.all_rows(0))?;
        Ok((keys, terms))
    }

    fn update_by_key(&self, rec: &mut Recorder, terms: KeyTerms, update: &Update) -> Result<()> {
        let chunk = self.all_rows(terms.len);
        rec.whole(|rec| {
            rec.scope(|rec| {
                let sorted = sorted(rec, terms, &chunk)?;
                self.update_sorted(rec, &chunk, &sorted, update, |_| false)
            })
        })
    }

    /// All rows of the first group of tables, for `ids` positions.
    fn all_rows(&self, ids: u32) -> Chunk {
        let group = &self.store.plan().groups[0];
        Chunk { members: Vec::new(), ids, keys: 0..group.rows, windows: group.windows.clone() }
    }
}

fn sorted(rec: &mut Recorder, from: KeyTerms, chunk: &Chunk) -> Result<SortedTerms> {
    let KeyTerms { len, keys, terms, grad, vec4 } = from;
    // a place that is no multiple of four says that terms may begin anywhere
    let bound = Bound { buffer: grad, places: vec![(u32::from(!vec4), 0)], spread: Vec::new() };
    Occurrences { keys, terms }.sorted(rec, bound, &Chunk { ids: len, ..chunk.clone() })
}
