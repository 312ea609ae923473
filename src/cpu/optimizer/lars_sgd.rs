//! Twin of `lars_sgd.wgsl`.

use super::{Row, RowOptimizer, State};
use crate::cpu::row_sum::row_sum;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct LarsSgd;

impl RowOptimizer for LarsSgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let (gradient_sum, norm) = (row_sum(row.g, row.g), row_sum(row.w, row.w).sqrt());
        let whole = gradient_sum.sqrt() + p.decay * norm;
        let given = norm > 0.0 && gradient_sum > 0.0;
        let rate = if given { p.lr * p.eta * norm / whole } else { p.lr };
        for ((w, g), m) in row.w.iter_mut().zip(row.g).zip(state.a) {
            *m = *m * p.momentum + (g + *w * p.decay) * rate;
            *w = *w * p.keep - *m;
        }
    }
}
