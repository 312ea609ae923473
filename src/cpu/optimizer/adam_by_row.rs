//! Twin of `adam_by_row.wgsl`.

use super::adam::step;
use super::{Row, RowOptimizer, State};
use crate::cpu::powers::one_minus_power;
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct AdamByRow;

impl RowOptimizer for AdamByRow {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let updates = state.row[0].saturating_add(1);
        state.row[0] = updates;
        let first = one_minus_power(p.one_minus_beta1, updates);
        let second = one_minus_power(p.one_minus_beta2, updates);
        step(p, row, state, p.lr / first, 1.0 / second.sqrt());
    }
}
