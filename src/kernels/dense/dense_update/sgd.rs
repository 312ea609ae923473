//! Twin of `sgd.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(crate) fn update(p: &Params, weights: &mut [f32], grad: &[f32], []: [&mut [f32]; 0]) {
    for (w, g) in weights.iter_mut().zip(grad) {
        let g = g + *w * p.l2;
        *w = *w * p.keep - g * p.lr;
    }
}
