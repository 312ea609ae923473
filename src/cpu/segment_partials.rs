//! Twin of `segment_partials.wgsl`.

use super::terms::{Terms, row_grad};
use crate::kernel::{Call, Slot, words_of};
use crate::kernels::part::{PIECE, Part, UpdateInputs};
use crate::kernels::segment_partials::{Params, pieces};

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let parts = &call.read::<Part>(0)[..p.parts as usize];
    let keys = &call.read::<u32>(1)[..p.len as usize];
    let terms = Terms { terms: call.read(2), grad: call.read(3), clip_value: p.clip_value };
    let partials = call.write::<[f32; 4]>(4);
    let piece = PIECE as usize;
    let mut start = 0;
    for segment in keys.chunk_by(|a, b| a == b) {
        let part = &parts[parts.partition_point(|part| part.key_first <= segment[0]).saturating_sub(1)];
        let full = (segment.len() - 1) / piece;
        for k in (0..full).filter(|_| segment[0] != p.none_key) {
            let begin = start + k * piece;
            let mut sum = vec![0.0; part.dim as usize];
            row_grad(terms, begin..begin + piece, &mut sum);
            let out = &mut partials[begin / piece * p.stride as usize..];
            for (out, chunk) in out.iter_mut().zip(sum.chunks(4)) {
                *out = [0.0; 4];
                out[..chunk.len()].copy_from_slice(chunk);
            }
        }
        start += segment.len();
    }
}

/// The partials of made-up inputs, for the cases of `row_update`.
pub(crate) fn partials(inputs: &UpdateInputs, params: Params) -> Vec<f32> {
    let mut words = vec![0; (pieces(inputs.len()) * params.stride * 4) as usize];
    let (parts, keys) = (words_of(&inputs.parts), words_of(&inputs.keys));
    let (terms, grad) = (words_of(&inputs.terms), words_of(&inputs.grad));
    run(Call {
        variant: 0,
        params: bytemuck::bytes_of(&params),
        slots: vec![
            Slot::Read(&parts),
            Slot::Read(&keys),
            Slot::Read(&terms),
            Slot::Read(&grad),
            Slot::Write(&mut words),
        ],
    });
    bytemuck::cast_vec(words)
}
