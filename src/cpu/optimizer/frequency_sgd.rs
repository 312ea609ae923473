//! Twin of `frequency_sgd.wgsl`.

use super::{Row, RowOptimizer, State};
use crate::kernels::row_update::{FREQUENCY_GIVEN, FREQUENCY_OCCURRENCES, Params};

pub(in crate::cpu) struct FrequencySgd;

impl RowOptimizer for FrequencySgd {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let word = &mut state.row[0];
        let frequency = if p.by_row == FREQUENCY_GIVEN {
            f32::from_bits(*word)
        } else {
            *word = word.saturating_add(if p.by_row == FREQUENCY_OCCURRENCES { row.count } else { 1 });
            *word as f32 / p.steps as f32
        };
        // a frequency that is none has the cap
        let rate = p.cap.min(p.lr / (p.horizon * frequency).sqrt());
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * rate;
        }
    }
}
