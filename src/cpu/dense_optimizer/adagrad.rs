//! Twin of `adagrad.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(in crate::cpu) fn updated(p: &Params, w: f32, g: f32, [s]: [&mut f32; 1]) -> f32 {
    *s += g * g;
    w * p.keep - g * p.lr / (s.sqrt() + p.eps)
}
