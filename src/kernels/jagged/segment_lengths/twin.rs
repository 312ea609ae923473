//! Twin of `segment_lengths.wgsl`.

use crate::kernels::feature::NONE;
use crate::kernels::segment_lengths::{Params, View};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status /*DEREF*/;
    let (offsets, order) = (call.offsets, call.order);
    let lengths = call.lengths;
    for segment in 0..p.segments as usize {
        let other = other_segment(&p, order, segment);
        let (source, target) = if p.scatter == 1 { (segment, other) } else { (other, segment) };
        // no sum of such lengths is an offset: what is made of refused segments is refused too
        lengths[target] = match status.refused() {
            true => NONE,
            false => (offsets[source + 1] - offsets[source]).div_ceil(p.piece),
        };
    }
}

/// The segment of the other tensor that one of the walked tensor's belongs to.
pub(crate) fn other_segment(p: &Params, order: &[u32], segment: usize) -> usize {
    let (feature, example) = (segment / p.batch as usize, segment % p.batch as usize);
    order[feature] as usize * p.other_batch as usize + p.first as usize + example
}
