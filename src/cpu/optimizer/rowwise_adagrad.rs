//! Twin of `rowwise_adagrad.wgsl`.

use super::RowOptimizer;
use crate::cpu::row_sum::row_sum;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct RowwiseAdagrad;

impl RowOptimizer for RowwiseAdagrad {
    #[inline(always)]
    fn update(p: &Params, row: &mut [f32], gradient: &[f32], state: &mut [f32]) {
        state[0] += row_sum(gradient, gradient) / row.len() as f32;
        let scale = p.lr / (state[0].sqrt() + p.eps);
        for (w, g) in row.iter_mut().zip(gradient) {
            *w = *w * p.keep - g * scale;
        }
    }
}
