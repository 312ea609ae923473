//! Twin of `adagrad.wgsl`.

use super::{Row, RowOptimizer, State};
use crate::kernels::row_update::Params;

pub(in crate::cpu) struct Adagrad;

impl RowOptimizer for Adagrad {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        for ((w, g), s) in row.w.iter_mut().zip(row.g).zip(state.a) {
            *s += g * g;
            *w = *w * p.keep - g * p.lr / (s.sqrt() + p.eps);
        }
    }
}
