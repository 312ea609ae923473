//! The same gradient with other numbers for its rows.

use super::sparse_gradient::Target;
use super::{SparseGradient, guard};
use crate::Result;
use crate::device::{Buffer, Dispatch, Matrix, Recorder};
use crate::kernels::move_rows::{Bindings, Params};
use crate::kernels::width::Width;
use crate::numbers::narrow;

impl SparseGradient {
    /// Records a gradient of `table` whose rows are the first rows of this one, with the numbers `rows`,
    /// which differ from each other but need not ascend: how a cache turns slots into rows, and back.
    pub(crate) fn record_renamed(&self, rec: &mut Recorder, table: Target, rows: &[u32]) -> Result<Self> {
        let ctx = rec.context().clone();
        let mut order: Vec<u32> = (0..narrow(rows.len())).collect();
        order.sort_unstable_by_key(|&k| rows[k as usize]);
        let sorted: Vec<u32> = order.iter().map(|&k| rows[k as usize]).collect();
        let len = narrow(rows.len());
        let out = Self {
            rows: Buffer::from_slice(&ctx, &sorted)?,
            total: Buffer::from_slice(&ctx, &[len])?,
            len: Some(rows.len()),
            ..Self::new(&ctx, table, len, self.guards.clone())?
        };
        rec.whole(|rec| {
            guard::record(rec, [self]);
            if rows.is_empty() {
                return Ok(());
            }
            // rows of values lie without gaps in what kernels made, and need not in what a caller gave
            let source =
                if self.values.stride == self.values.cols { self } else { &self.record_scale(rec, 1.0)? };
            let order = Buffer::from_slice(&ctx, &order)?;
            let counts = |buffer: &Buffer| Matrix::new(buffer.clone(), rows.len(), 1, 1);
            let from =
                [source.values.row_part(0, rows.len()), counts(&source.counts.part(0, u64::from(len) * 4))?];
            record_rows(rec, &order, &from[0], &out.values)?;
            record_rows(rec, &order, &from[1], &counts(&out.counts)?)
        })?;
        Ok(out)
    }
}

/// Records that row `k` of a matrix becomes row `order[k]` of another, both without gaps between rows.
fn record_rows(rec: &mut Recorder, order: &Buffer, from: &Matrix, to: &Matrix) -> Result<()> {
    let at_once = |matrix: &Matrix, rec: &Recorder| matrix.rows_at_once(rec.context());
    let (from_step, to_step) = (at_once(from, rec), at_once(to, rec));
    for first in (0..to.rows).step_by(to_step) {
        let target = to.row_part(first, to_step.min(to.rows - first));
        let packed = target.place(rec.context(), "values")?;
        for window in (0..from.rows).step_by(from_step) {
            let part = from.row_part(window, from_step.min(from.rows - window));
            let place = part.place(rec.context(), "values")?;
            let width = Width::of(place.vec4 && packed.vec4 && from.cols.is_multiple_of(4));
            let columns = width.columns();
            let params = Params {
                rows: narrow(target.rows),
                first_place: narrow(first),
                window_first: narrow(window),
                window_rows: narrow(part.rows),
                cols: narrow(from.cols) / columns,
                table_base: place.base / columns,
                packed_base: packed.base / columns,
                scatter: 0,
            };
            let bindings =
                Bindings { places: order.clone(), source: place.binding, out: packed.binding.clone() };
            let threads = params.rows * params.cols;
            rec.dispatch(Dispatch::threads(width.variant(), &params, bindings, threads));
        }
    }
    Ok(())
}
