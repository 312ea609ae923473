//! Twin of `adam.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(in crate::cpu) fn updated(p: &Params, w: f32, g: f32, [m, v]: [&mut f32; 2]) -> f32 {
    *m += (g - *m) * p.one_minus_beta1;
    *v = *v * p.beta2 + g * g * p.one_minus_beta2;
    w * p.keep - *m * p.lr / (v.sqrt() / p.root_correction + p.eps)
}
