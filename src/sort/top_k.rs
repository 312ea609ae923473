//! The largest values of each row of a matrix.

use crate::device::{Buffer, Dispatch, Matrix, Recorder, word};
use crate::kernel::Shape;
use crate::kernels::{top_k as kernel, top_k_order};
use crate::numbers::narrow;
use crate::{Error, Result};

/// Records the search of the largest values of each row, as `torch.topk`: `values` of `[rows, k]` gets them,
/// the largest first, and `columns` (`u32`, a row after the other) where they stand.
///
/// Exact: a radix selection of value and column. Of equal values the first columns are taken, in their order;
/// -0 is 0, and a NaN counts as larger than all else. Long rows are cut into parts that are searched at once.
/// The `k` values are then sorted by comparing each with all, so that `k` should be some thousands at most.
///
/// ```
/// use embag::sort::top_k;
/// use embag::{Buffer, Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let scores = Matrix::from_slice(&ctx, &[0.1, 0.7, 0.4, 0.9, -1.0, 0.9], 2, 3)?;
/// let best = Matrix::zeros(&ctx, 2, 2)?;
/// let columns = Buffer::from_slice(&ctx, &[0u32; 4])?;
/// let mut rec = Recorder::new(&ctx);
/// top_k(&mut rec, &scores, &best, &columns)?;
/// rec.run()?;
/// assert_eq!(best.to_vec(&ctx)?, [0.7, 0.4, 0.9, 0.9]);
/// assert_eq!(columns.read::<u32>(&ctx)?, [1, 2, 0, 2]);
/// # Ok::<(), embag::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] if a shape or size does not fit, or rows have less than `k` values;
/// [`Error::LimitExceeded`] if one row is too large for the device to bind.
pub fn top_k(rec: &mut Recorder, scores: &Matrix, values: &Matrix, columns: &Buffer) -> Result<()> {
    let (rows, k) = (scores.rows(), values.cols());
    scores.check_f32("scores")?;
    values.check_shape("values", rows, k)?;
    if k > scores.cols() {
        return Err(Error::invalid("values", format!("at most the scores' {} columns", scores.cols()), k));
    }
    let bytes = rows as u64 * k as u64 * 4;
    if columns.size() != bytes {
        return Err(Error::invalid("columns", format!("{bytes} bytes for {rows} x {k}"), columns.size()));
    }
    if rows == 0 || k == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    let longest = kernel::longest_part(ctx.loop_limit()) as usize;
    // each is compared with all
    let most = ctx.loop_limit().map_or(usize::MAX, |limit| limit as usize).min(longest / 2);
    if k > most {
        return Err(Error::LimitExceeded {
            what: format!("{k} values of a row"),
            needed: k as u64,
            limit: most as u64,
            hint: "look for fewer values, or use a hardware GPU",
        });
    }
    let at_once = scores.rows_at_once(&ctx).min(values.rows_at_once(&ctx));
    rec.whole(|rec| {
        for first in (0..rows).step_by(at_once) {
            let count = at_once.min(rows - first);
            let columns = columns.part((first * k * 4) as u64, (count * k * 4) as u64);
            let (scores, values) = (scores.row_part(first, count), values.row_part(first, count));
            rec.scope(|rec| rows_at_once(rec, &scores, &values, &columns, longest))?;
        }
        Ok(())
    })
}

/// Workgroups that keep a device busy, and the shortest part worth one.
const GROUPS_WIDE: usize = 512;
const GROUPS_SERIAL: usize = 2;
const SHORTEST_PART: usize = 2048;

/// [`top_k`] of rows that can be bound at once.
fn rows_at_once(
    rec: &mut Recorder,
    scores: &Matrix,
    values: &Matrix,
    columns: &Buffer,
    longest: usize,
) -> Result<()> {
    let ctx = rec.context().clone();
    let (rows, k) = (scores.rows(), values.cols());
    let wanted = match ctx.shape() {
        _ if ctx.is_cpu() => 1,
        Shape::Wide => GROUPS_WIDE,
        Shape::Serial | Shape::Any => GROUPS_SERIAL,
    };
    let nothing = rec.scratch("embag.nothing", 16)?;
    let (mut from, mut cols) = (scores.place(&ctx, "scores")?, scores.cols());
    let mut listed: Option<Buffer> = None;
    loop {
        // a part gives at most half of its values on, so that this ends
        let shortest = SHORTEST_PART.max(2 * k);
        let parts = wanted.div_ceil(rows).min(cols / shortest).max(cols.div_ceil(longest)).max(1);
        let part = cols.div_ceil(parts);
        let parts = cols.div_ceil(part);
        let found = (parts - 1) * k + k.min(cols - (parts - 1) * part);
        let bytes = rows as u64 * found as u64 * 4;
        let [out_values, out_columns] =
            [rec.scratch("embag.top_k", bytes)?, rec.scratch("embag.top_k", bytes)?];
        let params = kernel::Params {
            rows: word("rows", rows)?,
            cols: word("columns", cols)?,
            part: word("columns", part)?,
            parts: word("parts", parts)?,
            k: word("columns", k)?,
            values_base: from.base,
            values_stride: from.stride,
            listed: listed.is_some().into(),
            out_stride: word("columns", found)?,
        };
        let bindings = kernel::Bindings {
            values: from.binding,
            columns: listed.unwrap_or_else(|| nothing.clone()),
            out_values: out_values.clone(),
            out_columns: out_columns.clone(),
        };
        rec.dispatch(Dispatch::new(0, &params, bindings, word("groups", rows * parts)?));
        if parts == 1 {
            let values = values.place(&ctx, "values")?;
            let (columns, columns_base) = columns.bindable(&ctx);
            let params = top_k_order::Params {
                rows: params.rows,
                k: params.k,
                values_base: values.base,
                values_stride: values.stride,
                columns_base: narrow(columns_base),
            };
            let bindings = top_k_order::Bindings {
                found_values: out_values,
                found_columns: out_columns,
                values: values.binding,
                columns,
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.rows * params.k));
            return Ok(());
        }
        let candidates = Matrix::new(out_values, rows, found, found)?;
        (from, cols, listed) = (candidates.place(&ctx, "candidates")?, found, Some(out_columns));
    }
}
