//! Row-wise Adagrad whose rate depends on how often a row was seen, as in FBGEMM.

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State, mean_square};
use super::{
    ADJUST_COUNTER_SGD, ADJUST_DECREASE, ADJUST_INCREASE, ADJUST_NOT, COUNT_DECAYED, COUNT_PRESENCE,
    COUNT_UPDATES, OptimizerKind, Params,
};
use super::{Rule, StateField, StateKind, WeightDecay, state};
use crate::cpu::powers::{exp_2, log_2, power};
use crate::{Error, Result};

/// What the counter of a row counts, once a step that the row is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// It is 1 once the row was there (FBGEMM's halflife of 0).
    Presence,
    /// All updates (FBGEMM's negative halflife).
    #[default]
    Updates,
    /// Updates, of which half the weight is left after `halflife` steps: `c = 1 + 2^(-steps since / halflife)
    /// c`.
    Decayed {
        /// Steps.
        halflife: f32,
    },
}

/// How the counter changes the rate of rows whose counter is above `tail`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Not at all.
    #[default]
    None,
    /// Rare rows get more: times `(most / (c + 1))^exponent`, within 1 and 10 (FBGEMM's
    /// `TAIL_ID_LR_INCREASE`).
    TailIncrease {
        /// The exponent.
        exponent: f32,
        /// The largest counter of the table.
        most: f32,
    },
    /// Rare rows get less: times `((c + 1) / most)^exponent`, within 0.1 and 1 (FBGEMM's
    /// `TAIL_ID_LR_DECREASE`).
    TailDecrease {
        /// The exponent.
        exponent: f32,
        /// The largest counter of the table.
        most: f32,
    },
    /// The counter takes the place of the sum of squares: `lr / (sqrt(factor c) + eps)` (FBGEMM's
    /// `COUNTER_SGD`).
    CounterSgd {
        /// What the counter is multiplied by.
        factor: f32,
    },
}

/// Row-wise Adagrad whose rate depends on how often a row was seen, as in FBGEMM.
///
/// `s = s + mean(g^2)` over the row; `w = w - rate g`, where the rate is `lr / (sqrt(s) + eps)`, adjusted by
/// the row's counter. State: `sum` and `row_counter`, an `f32` each, and `prev_iter`, the step of the last
/// update, for each row. (Weight decay is that of the other optimizers; FBGEMM's modes that divide it by the
/// counter are not there.)
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowwiseAdagradCounter {
    /// Learning rate.
    pub lr: f32,
    /// Added to the root.
    pub eps: f32,
    /// Weight decay of touched rows.
    pub weight_decay: WeightDecay,
    /// What the counter counts.
    pub counting: Counting,
    /// What it does to the rate.
    pub adjustment: Adjustment,
    /// Rates are adjusted in the steps after this one.
    pub after: u32,
    /// Rates are adjusted for rows whose counter is larger.
    pub tail: f32,
}

impl Default for RowwiseAdagradCounter {
    fn default() -> Self {
        Self {
            lr: 0.01,
            eps: 1e-8,
            weight_decay: WeightDecay::None,
            counting: Counting::Updates,
            adjustment: Adjustment::None,
            after: 0,
            tail: 0.0,
        }
    }
}

impl Rule for RowwiseAdagradCounter {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::RowwiseAdagradCounter
    }

    fn states(&self) -> &'static [StateField] {
        const COUNTER: StateField = StateField::new("row_counter", StateKind::Row);
        const PREVIOUS: StateField = StateField::new("prev_iter", StateKind::Count);
        &[state::ROW_SUM, COUNTER, PREVIOUS]
    }

    fn params(&self, step: u32) -> Params {
        let (counting, forget) = match self.counting {
            Counting::Presence => (COUNT_PRESENCE, 0.0),
            Counting::Updates => (COUNT_UPDATES, 1.0),
            Counting::Decayed { halflife } => (COUNT_DECAYED, (-1.0 / halflife).exp2()),
        };
        let (adjusting, exponent, most) = match self.adjustment {
            Adjustment::TailIncrease { exponent, most } => (ADJUST_INCREASE, exponent, most),
            Adjustment::TailDecrease { exponent, most } => (ADJUST_DECREASE, exponent, most),
            Adjustment::CounterSgd { factor } => (ADJUST_COUNTER_SGD, factor, 1.0),
            Adjustment::None => (ADJUST_NOT, 0.0, 1.0),
        };
        Params {
            eps: self.eps,
            steps: step,
            counting,
            forget,
            adjusting: if step > self.after { adjusting } else { ADJUST_NOT },
            exponent,
            most,
            tail: self.tail,
            ..self.weight_decay.params(self.lr)
        }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        let exponent = match self.adjustment {
            Adjustment::TailIncrease { exponent, .. } | Adjustment::TailDecrease { exponent, .. } => exponent,
            Adjustment::CounterSgd { factor } => factor,
            Adjustment::None => 0.0,
        };
        vec![
            ("eps", self.eps.into()),
            self.weight_decay.named(),
            ("tail", self.tail.into()),
            ("adjustment", exponent.into()),
        ]
    }

    fn check(&self) -> Result<()> {
        let more_than_zero = |name: &str, value: f32| {
            if value.is_finite() && value > 0.0 {
                return Ok(());
            }
            Err(Error::invalid(format!("rowwise_adagrad_counter {name}"), "more than 0", value))
        };
        if let Counting::Decayed { halflife } = self.counting {
            more_than_zero("halflife", halflife)?;
        }
        match self.adjustment {
            Adjustment::TailIncrease { most, .. } | Adjustment::TailDecrease { most, .. } => {
                more_than_zero("most", most)
            }
            Adjustment::CounterSgd { .. } | Adjustment::None => Ok(()),
        }
    }
}

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
