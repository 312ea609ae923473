//! Twin of `lars_sgd.wgsl`.

use super::{Row, RowOptimizer, State};
use crate::cpu::norm::norm;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct LarsSgd;

impl RowOptimizer for LarsSgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let (g, w) = (norm(row.g), norm(row.w));
        // both multiplied by the same
        let times = g.times.min(w.times);
        let norm = w.root * (times / w.times);
        let whole = g.root * (times / g.times) + p.decay * norm;
        let given = w.root > 0.0 && g.root > 0.0;
        let rate = if given { p.lr * p.eta * norm / whole } else { p.lr };
        for ((w, g), m) in row.w.iter_mut().zip(row.g).zip(state.a) {
            *m = *m * p.momentum + (g + *w * p.decay) * rate;
            *w = *w * p.keep - *m;
        }
    }
}
