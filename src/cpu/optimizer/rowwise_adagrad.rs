//! Twin of `rowwise_adagrad.wgsl`.

use crate::cpu::row_sum::row_sum;
use crate::kernels::row_update::Params;

#[inline(always)]
pub(super) fn update(p: &Params, row: &mut [f32], gradient: &[f32], state: &mut [f32]) {
    state[0] += row_sum(gradient, gradient) / row.len() as f32;
    let scale = p.lr / (state[0].sqrt() + p.eps);
    for (w, g) in row.iter_mut().zip(gradient) {
        *w = *w * p.keep - g * scale;
    }
}
