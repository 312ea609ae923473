//! Twin of `rowwise_adagrad.wgsl`.

use super::{Row, RowOptimizer, State, mean_square};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct RowwiseAdagrad;

impl RowOptimizer for RowwiseAdagrad {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let sum = f32::from_bits(state.row[0]) + mean_square(row.g);
        state.row[0] = sum.to_bits();
        let scale = p.lr / (sum.sqrt() + p.eps);
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * scale;
        }
    }
}
