//! What kernels that walk sorted terms are given, and how long their loops may become.

use super::key_terms::SortedTerms;
use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernel::Shape;
use crate::kernels::part::{self, GROUP, PIECE, lanes_for};
use crate::kernels::{row_update, segment_partials};
use crate::numbers::narrow;
use crate::table::Part;
use crate::{Error, Result};

/// Parts of tables in device memory.
pub(crate) struct Parts {
    pub(crate) buffer: Buffer,
    pub(crate) count: u32,
    /// Columns of the widest, and threads for a row of it.
    pub(crate) widest: u32,
    pub(crate) lanes: u32,
}

impl Parts {
    pub(crate) fn new(rec: &mut Recorder, parts: &[part::Part]) -> Result<Self> {
        let widest = widest_part(parts);
        let buffer = rec.scratch_from("embag.parts", parts)?;
        Ok(Self { buffer, count: narrow(parts.len()), widest, lanes: lanes_for(widest) })
    }

    /// Parts that `fill` completes when the recorder is submitted.
    pub(crate) fn late(
        rec: &mut Recorder,
        parts: Vec<part::Part>,
        fill: impl Fn(&[part::Part]) -> Vec<part::Part> + Send + Sync + 'static,
    ) -> Result<Self> {
        let widest = widest_part(&parts);
        let count = narrow(parts.len());
        let buffer = rec.scratch_late("embag.parts", parts, fill)?;
        Ok(Self { buffer, count, widest, lanes: lanes_for(widest) })
    }
}

fn widest_part(parts: &[part::Part]) -> u32 {
    parts.iter().map(|part| part.dim).max().unwrap_or(1)
}

/// Sums of the pieces and groups of long segments, `stride` vec4s apart.
#[derive(Clone)]
pub(crate) struct Partials {
    pub(crate) buffer: Buffer,
    pub(crate) stride: u32,
}

impl Partials {
    /// Records the sums for sorted terms over parts of tables, whose rows have as many columns as the terms'
    /// gradients, a multiple of four if `vec4`. `None` if they do not fit a binding.
    pub(crate) fn record(
        rec: &mut Recorder,
        parts: Parts,
        sorted: &SortedTerms,
        none_key: u32,
        vec4: bool,
        clip_value: f32,
    ) -> Result<Option<Self>> {
        let (len, lanes, stride) = (sorted.len, parts.lanes, parts.widest.div_ceil(4));
        let bytes = u64::from(segment_partials::pieces(len)) * u64::from(stride) * 16;
        if bytes > rec.context().limits().binding {
            return Ok(None);
        }
        let buffer = rec.scratch("embag.partials", bytes)?;
        let pieces = segment_partials::Params {
            len,
            parts: parts.count,
            none_key,
            lanes,
            stride,
            clip_value,
            grouping: 0,
        };
        let SortedTerms { keys, terms, grad, .. } = sorted;
        let variant = if vec4 { segment_partials::VEC4 } else { segment_partials::SCALAR };
        let bindings = segment_partials::Bindings {
            parts: parts.buffer,
            keys: keys.clone(),
            terms: terms.clone(),
            grad: grad.clone(),
            partials: buffer.clone(),
        };
        for params in pieces.levels() {
            let (bindings, groups) = (bindings.clone(), params.groups());
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(Some(Self { buffer, stride }))
    }
}

/// Loop iterations of the thread of a row, if all ids are that row: it walks the terms for sums over the row,
/// and once more.
pub(crate) fn row_loops(shape: Shape, dim: u32, sums: u32, split: bool, len: u32) -> u64 {
    let (len, piece, group) = (u64::from(len), u64::from(PIECE), u64::from(GROUP));
    let groups = len.div_ceil(group);
    // the sums of groups and of the last one's pieces, or each piece's own terms and their end
    let walk = if split { groups + group / piece + 4 } else { len + 2 * len.div_ceil(piece) + 2 * groups };
    // and the last piece; and before all that the search for the segment's end
    u64::from(row_update::steps(shape, dim, sums)) * (walk + 2 * piece) + 2 * piece
}

/// The shape of kernel that one thread's loops are not too long for: the device's own, if it will do.
pub(crate) fn shape_within(ctx: &Context, loops: impl Fn(Shape) -> u64) -> Option<Shape> {
    let Some(limit) = ctx.loop_limit().map(u64::from) else { return Some(ctx.shape()) };
    [ctx.shape(), Shape::Wide].into_iter().find(|&shape| loops(shape) <= limit)
}

/// The error for more ids than a software adapter could sum into one row.
pub(crate) fn too_many(len: u32) -> Error {
    Error::invalid("batch", "fewer ids: all of one row would be too many for a software adapter", len)
}

/// Columns of the widest of these.
pub(crate) fn widest(parts: &[Part]) -> u32 {
    parts.iter().map(|part| part.dim).max().unwrap_or(1)
}
