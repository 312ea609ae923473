//! Twin of `sgd.wgsl`.

use super::RowOptimizer;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Sgd;

impl RowOptimizer for Sgd {
    #[inline(always)]
    fn update(p: &Params, row: &mut [f32], gradient: &[f32], _state: &mut [f32]) {
        for (w, g) in row.iter_mut().zip(gradient) {
            *w = *w * p.keep - g * p.lr;
        }
    }
}
