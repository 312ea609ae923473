//! Twin of `lamb.wgsl`.

use super::{Row, RowOptimizer, State, first_moment, second_moment, trusted_step};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Lamb;

impl RowOptimizer for Lamb {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        first_moment(p, row.g, state.a);
        second_moment(p, row.g, state.b);
        let (w, u) = (row.w, row.step);
        for (((u, w), m), v) in u.iter_mut().zip(&*w).zip(state.a).zip(state.b) {
            *u = *m * p.correction1 / (v.sqrt() * p.correction2 + p.eps) + w * p.decay;
        }
        trusted_step(p, w, u);
    }
}
