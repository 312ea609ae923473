//! Twin of `rowwise_adagrad_counter.wgsl`.

use super::{Row, RowOptimizer, State, mean_square};
use crate::cpu::powers::{exp_2, log_2, power};
use crate::kernels::row_update::{
    ADJUST_COUNTER_SGD, ADJUST_INCREASE, ADJUST_NOT, COUNT_PRESENCE, COUNT_UPDATES, Params,
};

pub(in crate::cpu) struct RowwiseAdagradCounter;

impl RowOptimizer for RowwiseAdagradCounter {
    #[inline(always)]
    fn update(p: &Params, row: Row<'_>, state: State<'_>) {
        let [sum, counter, last] = state.row else { return };
        let squares = f32::from_bits(*sum) + mean_square(row.g);
        *sum = squares.to_bits();
        let seen = match p.counting {
            COUNT_PRESENCE => 1.0,
            COUNT_UPDATES => f32::from_bits(*counter) + 1.0,
            _ => {
                let idle = if *last == 0 { 1 } else { p.steps.wrapping_sub(*last) };
                1.0 + power(p.forget, idle) * f32::from_bits(*counter)
            }
        };
        (*counter, *last) = (seen.to_bits(), p.steps);
        let rate = adjusted(p, seen, p.lr / (squares.sqrt() + p.eps));
        for (w, g) in row.w.iter_mut().zip(row.g) {
            *w = *w * p.keep - g * rate;
        }
    }
}

/// The rate of a row that was seen so often.
#[inline(always)]
fn adjusted(p: &Params, seen: f32, rate: f32) -> f32 {
    if p.adjusting == ADJUST_NOT || seen <= p.tail {
        return rate;
    }
    if p.adjusting == ADJUST_COUNTER_SGD {
        return p.lr / ((p.exponent * seen).sqrt() + p.eps);
    }
    let ratio = exp_2((p.exponent * log_2((seen + 1.0) / p.most)).clamp(-120.0, 120.0));
    if p.adjusting == ADJUST_INCREASE {
        return rate * (1.0 / ratio).clamp(1.0, 10.0);
    }
    rate * ratio.clamp(0.1, 1.0)
}
