//! Twin of `adam.wgsl`.

use super::{Row, RowOptimizer, State, first_moment, second_moment};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Adam;

impl RowOptimizer for Adam {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        step(p, row, state, p.lr * p.correction1, p.correction2);
    }
}

/// A step with the rate and the factor of the root that the corrections of bias make.
#[inline(always)]
pub(super) fn step(p: &Params, row: Row<'_>, state: State<'_>, rate: f32, root: f32) {
    let eps = if p.uncorrected_eps == 1 { p.eps * root } else { p.eps };
    first_moment(p, row.g, state.a);
    second_moment(p, row.g, state.b);
    for ((w, m), v) in row.w.iter_mut().zip(state.a).zip(state.b) {
        *w = *w * p.keep - *m * rate / (v.sqrt() * root + eps);
    }
}
