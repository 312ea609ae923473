//! Twin of `partial_rowwise_lamb.wgsl`.

use super::{Row, RowOptimizer, State, first_moment, row_moment, trusted_step};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct PartialRowwiseLamb;

impl RowOptimizer for PartialRowwiseLamb {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let v = row_moment(p, row.g, &mut state.row[0]);
        let root = v.sqrt() * p.correction2 + p.eps;
        first_moment(p, row.g, state.a);
        let (w, u) = (row.w, row.step);
        for ((u, w), m) in u.iter_mut().zip(&*w).zip(state.a) {
            *u = *m * p.correction1 / root + w * p.decay;
        }
        trusted_step(p, w, u);
    }
}
