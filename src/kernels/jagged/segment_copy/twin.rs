//! Twin of `segment_copy.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::as_atomic;
use crate::cpu::parallel;
use crate::cpu::segments::segments_of;
use crate::kernels::segment_copy::View;
use crate::kernels::segment_lengths::twin::other_segment;

/// Values that one task copies.
const VALUES: usize = 16_384;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let begins = &call.begins[..=p.segments as usize];
    let (other_begins, order, source) = (call.other_begins, call.order, call.source);
    let out = call.out;
    let len = p.len as usize;
    // where the walked values from `at` on, which lie in a segment, are in the other tensor
    let other = |segment: usize, at: usize| {
        other_begins[other_segment(&p, order, segment)] as usize + at - begins[segment] as usize
    };
    if p.scatter == 1 {
        let out = as_atomic(out);
        parallel::each(source[..len].chunks(VALUES).enumerate(), &|(task, source)| {
            let first = task * VALUES;
            for (segment, part) in segments_of(begins, first..first + source.len()) {
                let out = &out[other(segment, part.start)..];
                for (out, &value) in out.iter().zip(&source[part.start - first..part.end - first]) {
                    out.store(value, Relaxed);
                }
            }
        });
    } else {
        parallel::pieces(&mut out[..len], VALUES, &|task, out| {
            let first = task * VALUES;
            for (segment, part) in segments_of(begins, first..first + out.len()) {
                let source = &source[other(segment, part.start)..][..part.len()];
                out[part.start - first..part.end - first].copy_from_slice(source);
            }
        });
    }
}
