//! Twin of `sgd.wgsl`.

use crate::kernels::dense_update::Params;

#[inline(always)]
pub(in crate::cpu) fn updated(p: &Params, w: f32, g: f32, []: [&mut f32; 0]) -> f32 {
    w * p.keep - g * p.lr
}
