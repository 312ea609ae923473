//! Twin of `sgd.wgsl`.

use super::{Row, RowOptimizer, State};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Sgd;

impl RowOptimizer for Sgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, _state: State<'_>) {
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * p.lr;
        }
    }
}
