//! Sums over segments.

use super::Offsets;
use super::plan::place;
use crate::Result;
use crate::device::{Buffer, Matrix, Place, Recorder};
use crate::device::{Dispatch, word};
use crate::kernels::segment_lengths;
use crate::kernels::segment_sum::{Bindings, Params};
use crate::kernels::width::Width;
use crate::sort::prefix_sum;

/// Values in a piece: what one thread adds up.
const PIECE: u32 = 256;

/// Records the sum of each segment's rows: `out[s]` is the sum of `values[offsets[s] .. offsets[s + 1]]`, 0
/// if there are none.
///
/// `values` is `[number of values, dim]`, `out` is `[segments, dim]`. With a single column this is FBGEMM's
/// `segment_sum_csr`. Long segments are summed in pieces of 256 rows, and the sums of these in the same way:
/// the bits of a sum depend on the segment's own values alone.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a shape does not fit,
/// [`Error::LimitExceeded`](crate::Error::LimitExceeded) if the device cannot bind the values at once.
/// Waiting gives the errors of the offsets; nothing has been written then.
pub fn segment_sum(rec: &mut Recorder, offsets: &Offsets, values: &Matrix, out: &Matrix) -> Result<()> {
    values.check_shape("values", offsets.values(), values.cols)?;
    out.check_shape("out", offsets.segments(), values.cols)?;
    let ctx = rec.context().clone();
    rec.whole(|rec| {
        offsets.guard(rec)?;
        if values.cols == 0 {
            return Ok(());
        }
        let source = place(&ctx, "values", values)?;
        // the sums of pieces must fit a binding too: at most one for PIECE values, and one more for each
        // segment
        let row = values.cols as u64 * 4;
        let pieces = ctx.limits().binding / row - values.rows as u64 / u64::from(PIECE);
        let at_once = out.rows_at_once(&ctx).min(usize::try_from(pieces).unwrap_or(usize::MAX));
        for first in (0..out.rows).step_by(at_once.max(1)) {
            let rows = at_once.max(1).min(out.rows - first);
            let target = out.row_part(first, rows).place(&ctx, "out")?;
            let vec4 = source.vec4 && target.vec4 && values.cols.is_multiple_of(4);
            let level = Level {
                offsets: offsets.buffer().clone(),
                first: word("segments", first)?,
                segments: word("segments", rows)?,
                rows: word("values", values.rows)?,
                longest: word("values", values.rows)?,
                source: source.clone(),
            };
            let sum = Sum { offsets, dim: word("dim", values.cols)?, width: Width::of(vec4), target };
            rec.scope(|rec| sum.record(rec, level))?;
        }
        Ok(())
    })
}

/// What stays the same while pieces are summed, and then pieces of pieces.
struct Sum<'a> {
    offsets: &'a Offsets,
    dim: u32,
    width: Width,
    target: Place,
}

/// Segments whose rows are to be summed.
struct Level {
    offsets: Buffer,
    first: u32,
    segments: u32,
    /// Rows in all, or no fewer than there are.
    rows: u32,
    /// No segment has more of them.
    longest: u32,
    source: Place,
}

impl Sum<'_> {
    fn record(&self, rec: &mut Recorder, mut level: Level) -> Result<()> {
        while level.longest > PIECE {
            level = self.pieces(rec, &level)?;
        }
        let none = level.offsets.clone();
        self.dispatch(rec, &level, none, 0, level.segments, &self.target);
        Ok(())
    }

    /// Sums the pieces of each segment, which are the rows of the next level.
    fn pieces(&self, rec: &mut Recorder, level: &Level) -> Result<Level> {
        let segments = level.segments;
        let begins = rec.scratch("embag.pieces", (u64::from(segments) + 1) * 4)?;
        let order = rec.scratch_from("embag.order", &[0u32])?;
        let params = segment_lengths::Params {
            segments,
            batch: segments,
            other_batch: segments,
            first: level.first,
            piece: PIECE,
            ..Default::default()
        };
        let status = self.offsets.status().clone();
        let bindings = segment_lengths::Bindings {
            status,
            offsets: level.offsets.clone(),
            order,
            lengths: begins.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, segments));
        // what lies behind the last length does not matter: the last offset is the sum of those before
        prefix_sum(rec, &begins, segments + 1)?;

        // every piece but a segment's last is full, and none is empty
        let rows = level.rows.min((level.rows / PIECE).saturating_add(segments));
        let binding = rec.scratch("embag.partial_sums", u64::from(rows) * u64::from(self.dim) * 4)?;
        let sums = Place { binding, base: 0, stride: self.dim, vec4: true };
        self.dispatch(rec, level, begins.clone(), PIECE, rows, &sums);
        let longest = level.longest.div_ceil(PIECE);
        Ok(Level { offsets: begins, first: 0, segments, rows, longest, source: sums })
    }

    fn dispatch(
        &self,
        rec: &mut Recorder,
        level: &Level,
        begins: Buffer,
        piece: u32,
        rows: u32,
        out: &Place,
    ) {
        let width = self.width.columns();
        let params = Params {
            rows,
            segments: level.segments,
            first: level.first,
            piece,
            dim: self.dim / width,
            values_base: level.source.base / width,
            values_stride: level.source.stride / width,
            out_base: out.base / width,
            out_stride: out.stride / width,
        };
        let bindings = Bindings {
            status: self.offsets.status().clone(),
            offsets: level.offsets.clone(),
            begins,
            values: level.source.binding.clone(),
            out: out.binding.clone(),
        };
        let threads = params.rows * params.dim;
        rec.dispatch(Dispatch::threads(self.width.variant(), &params, bindings, threads));
    }
}
