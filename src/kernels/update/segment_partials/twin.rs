//! Twin of `segment_partials.wgsl`.

use crate::kernels::part::{GROUP, PIECE, find_part};
use crate::kernels::segment_partials::View;
use crate::kernels::terms::{Terms, row_grad};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let parts = &call.parts[..p.parts as usize];
    let keys = &call.keys[..p.len as usize];
    let terms = Terms { terms: call.terms, grad: call.grad, clip_value: p.clip_value };
    let partials = call.partials;
    let (piece, stride) = (PIECE as usize, p.stride as usize);
    let span = if p.grouping == 1 { GROUP } else { PIECE } as usize;
    let mut start = 0;
    for segment in keys.chunk_by(|a, b| a == b) {
        let part = find_part(parts, segment[0]);
        let (dim, vec4s) = (part.dim as usize, part.dim.div_ceil(4) as usize);
        let full = (segment.len() - 1) / span;
        for k in (0..full).filter(|_| segment[0] != p.none_key) {
            let begin = start + k * span;
            let mut sum = vec![[0.0; 4]; vec4s];
            if p.grouping == 1 {
                for place in (begin..begin + span).step_by(piece).map(|at| at / piece * stride) {
                    for (sum, partial) in sum.iter_mut().zip(&partials[place..]) {
                        *sum = std::array::from_fn(|c| sum[c] + partial[c]);
                    }
                }
            } else {
                row_grad(terms, begin..begin + piece, &mut sum.as_flattened_mut()[..dim]);
            }
            partials[begin / piece * stride..][..vec4s].copy_from_slice(&sum);
        }
        start += segment.len();
    }
}
