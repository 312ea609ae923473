//! Twin of `sgd.wgsl`.

use crate::kernels::row_update::Params;

#[inline(always)]
pub(super) fn update(p: &Params, row: &mut [f32], gradient: &[f32], _state: &mut [f32]) {
    for (w, g) in row.iter_mut().zip(gradient) {
        *w = *w * p.keep - g * p.lr;
    }
}
