//! Twin of `adagrad.wgsl`.

use super::RowOptimizer;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Adagrad;

impl RowOptimizer for Adagrad {
    #[inline(always)]
    fn update(p: &Params, row: &mut [f32], gradient: &[f32], state: &mut [f32]) {
        for ((w, g), s) in row.iter_mut().zip(gradient).zip(state) {
            *s += g * g;
            *w = *w * p.keep - g * p.lr / (s.sqrt() + p.eps);
        }
    }
}
