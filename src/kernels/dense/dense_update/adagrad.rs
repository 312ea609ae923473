//! Twin of `adagrad.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(crate) fn update(p: &Params, weights: &mut [f32], grad: &[f32], [sums]: [&mut [f32]; 1]) {
    for ((w, g), s) in weights.iter_mut().zip(grad).zip(sums) {
        let g = g + *w * p.l2;
        *s += g * g;
        *w = *w * p.keep - g * p.lr / (s.sqrt() + p.eps);
    }
}
