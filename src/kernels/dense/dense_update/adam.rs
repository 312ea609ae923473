//! Twin of `adam.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(crate) fn update(p: &Params, weights: &mut [f32], grad: &[f32], [ms, vs]: [&mut [f32]; 2]) {
    for (((w, g), m), v) in weights.iter_mut().zip(grad).zip(ms).zip(vs) {
        let g = g + *w * p.l2;
        *m += (g - *m) * p.one_minus_beta1;
        *v = *v * p.beta2 + g * g * p.one_minus_beta2;
        *w = *w * p.keep - *m * p.lr / (v.sqrt() / p.root_correction + p.eps);
    }
}
