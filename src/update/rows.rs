//! What a step does to rows, window by window.

use std::ops::Range;

use super::terms::{Partials, Parts, row_loops, shape_within, too_many, widest};
use super::{KeySpan, KeyTerms, RowStore, SortedTerms, Step};
use crate::device::{Buffer, Recorder};
use crate::kernel::Shape;
use crate::kernels::row_update;
use crate::table::{Noise, RowFormat, Window};
use crate::{Error, Result};

/// Rows whose gradients have been summed.
pub(crate) struct CountedRows {
    pub(crate) len: u32,
    /// Their keys in ascending order, each once but for those that are no rows; behind them how often each
    /// occurred.
    pub(crate) keys: Buffer,
    /// One for each.
    pub(crate) terms: Buffer,
    /// The memory that the terms refer to, and whether all of them begin at multiples of four elements.
    pub(crate) grad: Buffer,
    pub(crate) vec4: bool,
}

/// What the rows of a window are updated with.
struct WindowRows {
    /// Sorted keys and terms, and the keys of the window.
    len: u32,
    keys: Buffer,
    key_range: Range<u32>,
    terms: Buffer,
    grad: Buffer,
    vec4: bool,
    partials: Option<Partials>,
    /// Where the stamp of the first of these keys lies.
    first_stamp: u32,
    /// Whether each key has a single term, and the numbers of occurrences lie behind the keys.
    counted: bool,
    /// Of the kernel.
    shape: Shape,
}

impl RowStore {
    /// Records the step for the rows of a span, but for the windows that are left out.
    pub(crate) fn update_sorted(
        &self,
        rec: &mut Recorder,
        span: &KeySpan,
        sorted: &SortedTerms,
        step: &Step,
        left_out: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let len = sorted.len;
        let sums = step.sums();
        let partials = self.partials(rec, span, sorted, sums, step.clip_value())?;
        for w in span.windows.clone().filter(|&w| !left_out(w)) {
            let plan = self.tables.plan();
            let window = &plan.windows[w];
            let parts = span.parts(plan, w..w + 1, |part| self.tables.noise(part.table));
            let parts = step.parts(rec, parts)?;
            let loops = |shape| row_loops(shape, widest(&window.parts), sums, partials.is_some(), len);
            let rows = WindowRows {
                len,
                keys: sorted.keys.clone(),
                key_range: span.key(window.keys().start)..span.key(window.keys().end),
                terms: sorted.terms.clone(),
                grad: sorted.grad.clone(),
                vec4: sorted.vec4,
                partials: partials.clone(),
                first_stamp: span.keys.start.max(window.keys().start) - window.keys().start,
                counted: false,
                shape: shape_within(rec.context(), loops).ok_or_else(|| too_many(len))?,
            };
            self.update_window(rec, w, parts, rows, step)?;
        }
        Ok(())
    }

    /// Records the step for rows of a table, whose numbers are their keys.
    pub(crate) fn update_counted(
        &self,
        rec: &mut Recorder,
        table: usize,
        rows: CountedRows,
        step: &Step,
    ) -> Result<()> {
        let step = &step.of_sums();
        let dim = self.tables.shape(table).dim;
        let sums = step.sums();
        let shape = shape_within(rec.context(), |shape| {
            // a single term has three loops, each of one round
            u64::from(row_update::steps(shape, dim, sums)) * 6
        });
        let too_wide = || {
            let argument = format!("table \"{}\" dim", self.tables.names()[table]);
            Error::invalid(argument, "fewer columns, for a software adapter", dim)
        };
        let shape = shape.ok_or_else(too_wide)?;
        for (w, window) in self.tables.plan().windows.iter().enumerate() {
            let Some(of_table) = window.parts.iter().find(|part| part.table == table && part.rows > 0) else {
                continue;
            };
            // within a single table rows are keys
            let part = of_table.for_kernel(of_table.first_row, self.tables.noise(table));
            let parts = step.parts(rec, vec![part])?;
            let rows = WindowRows {
                len: rows.len,
                keys: rows.keys.clone(),
                key_range: part.key_first..part.key_first + part.rows,
                terms: rows.terms.clone(),
                grad: rows.grad.clone(),
                vec4: rows.vec4,
                partials: None,
                first_stamp: of_table.key_first - window.keys().start,
                counted: true,
                shape,
            };
            self.update_window(rec, w, parts, rows, step)?;
        }
        Ok(())
    }

    pub(super) fn update_by_key(&self, rec: &mut Recorder, terms: KeyTerms, step: &Step) -> Result<()> {
        let span = self.first_group();
        rec.whole(|rec| {
            rec.scope(|rec| {
                let sorted = terms.sorted(rec, span.none_key())?;
                self.update_sorted(rec, &span, &sorted, step, |_| false)
            })
        })
    }

    /// All rows of the first group of tables.
    pub(super) fn first_group(&self) -> KeySpan {
        KeySpan::of_group(&self.tables.plan().groups[0])
    }

    /// Records the sums of the pieces and groups of long segments; `None` where one thread walks a row's
    /// terms, or if the pieces do not fit a binding.
    pub(crate) fn partials(
        &self,
        rec: &mut Recorder,
        span: &KeySpan,
        sorted: &SortedTerms,
        sums: u32,
        clip_value: f32,
    ) -> Result<Option<Partials>> {
        let (ctx, len, plan) = (rec.context(), sorted.len, self.tables.plan());
        let windows = &plan.windows[span.windows.clone()];
        let short = |limit: u32| {
            let loops = |window: &Window| row_loops(Shape::Serial, widest(&window.parts), sums, false, len);
            windows.iter().map(loops).max().unwrap_or(0) <= limit.into()
        };
        if ctx.shape() == Shape::Serial && ctx.loop_limit().is_none_or(short) {
            return Ok(None);
        }
        let parts = Parts::new(rec, &span.parts(plan, span.windows.clone(), |_| Noise::default()))?;
        let vec4 = sorted.vec4 && windows.iter().all(|window| window.vec4);
        Partials::record(rec, parts, sorted, span.none_key(), vec4, clip_value)
    }

    /// Updates the rows of a window from their sorted terms.
    fn update_window(
        &self,
        rec: &mut Recorder,
        w: usize,
        parts: Parts,
        rows: WindowRows,
        step: &Step,
    ) -> Result<()> {
        let window = &self.tables.plan().windows[w];
        let (len, Range { start: key_begin, end: key_end }) = (rows.len, rows.key_range);
        let (split, stride) = rows.partials.as_ref().map_or((0, 0), |partials| (1, partials.stride));
        let (lanes, counted, table_type) = (parts.lanes, rows.counted.into(), window.format.code());
        let own = move |of_step| row_update::Params {
            len,
            parts: parts.count,
            key_begin,
            key_end,
            lanes,
            split,
            stride,
            counted,
            table_type,
            ..of_step
        };
        self.record_stamps(rec, w, (&rows.keys, len), (key_begin..key_end, rows.first_stamp), step);
        let unused = rec.scratch("embag.unused", 16)?;
        let bindings = row_update::Bindings {
            parts: parts.buffer,
            keys: rows.keys,
            terms: rows.terms,
            grad: rows.grad,
            partials: rows.partials.map_or(unused, |partials| partials.buffer),
            table: self.tables.weights(w).clone(),
            state: self.tables.state(w).clone(),
        };
        let choice = row_update::Choice {
            optimizer: step.optimizer().kind(),
            vec4: window.vec4 && rows.vec4,
            whole: window.parts.iter().all(|part| part.dim.is_multiple_of(16)),
            any: window.format != RowFormat::F32 || step.extras(),
        };
        let variant = choice.variant(rows.shape);
        let groups = row_update::groups(rows.shape, len, lanes);
        let touched = [("table", window.bytes_of_rows(len)), ("state", window.state_of_rows(len))];
        step.dispatch(rec, variant, bindings, groups, &touched, own);
        Ok(())
    }
}
