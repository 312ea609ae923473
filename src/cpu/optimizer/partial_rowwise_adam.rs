//! Twin of `partial_rowwise_adam.wgsl`.

use super::{Row, RowOptimizer, State, first_moment, row_moment};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct PartialRowwiseAdam;

impl RowOptimizer for PartialRowwiseAdam {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let v = row_moment(p, row.g, &mut state.row[0]);
        let root = v.sqrt() * p.correction2 + p.eps;
        let rate = p.lr * p.correction1;
        first_moment(p, row.g, state.a);
        for (w, m) in row.w.iter_mut().zip(state.a) {
            *w = *w * p.keep - *m * rate / root;
        }
    }
}
