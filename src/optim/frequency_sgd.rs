//! Frequency-aware SGD (Li et al., 2022).

use serde::{Deserialize, Serialize};

use super::row::{Row, RowOptimizer, State};
use super::{FREQUENCY_GIVEN, FREQUENCY_OCCURRENCES, FREQUENCY_STEPS, OptimizerKind, Params};
use super::{Rule, StateField, StateKind, WeightDecay, state};
use crate::{Error, Result};

/// Where the frequency of a row comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// It is known (FA-SGD): the state `frequency`, an `f32` for each row, to be uploaded before the
    /// training.
    Given,
    /// Steps in which the row was there, divided by all steps so far (CF-SGD).
    #[default]
    Steps,
    /// Occurrences of the row, divided by all steps so far: may exceed 1 (CF-SGD).
    Occurrences,
}

/// Frequency-aware SGD (Li et al., 2022): rare rows take larger steps, from one word of state a row.
///
/// `w = w - min(cap, lr / sqrt(T p)) g`, where `T` is `horizon` and `p` the row's frequency; state:
/// `frequency` or `row_counter`, one word for each row. Counters begin at 1 with a row's first step, whose
/// rate would be huge: the cap is not optional (the paper's is `1 / (4 L)`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrequencySgd {
    /// The paper's alpha: the rate of a row that is there in each of `T` steps is `lr / sqrt(T)`.
    pub lr: f32,
    /// Steps that the training will have, `T`.
    pub horizon: u32,
    /// Largest rate of a row.
    pub cap: f32,
    /// Where the frequency comes from.
    pub frequency: Frequency,
    /// Weight decay of touched rows; decoupled decay is by `lr`.
    pub weight_decay: WeightDecay,
}

impl Default for FrequencySgd {
    fn default() -> Self {
        Self {
            lr: 0.1,
            horizon: 10_000,
            cap: 1.0,
            frequency: Frequency::Steps,
            weight_decay: WeightDecay::None,
        }
    }
}

impl Rule for FrequencySgd {
    fn kernel(&self) -> OptimizerKind {
        OptimizerKind::FrequencySgd
    }

    fn states(&self) -> &'static [StateField] {
        const FREQUENCY: StateField = StateField::new("frequency", StateKind::Row);
        match self.frequency {
            Frequency::Given => &[FREQUENCY],
            Frequency::Steps | Frequency::Occurrences => &[state::ROW_COUNTER],
        }
    }

    fn params(&self, step: u32) -> Params {
        Params {
            horizon: self.horizon as f32,
            cap: self.cap,
            by_row: match self.frequency {
                Frequency::Given => FREQUENCY_GIVEN,
                Frequency::Steps => FREQUENCY_STEPS,
                Frequency::Occurrences => FREQUENCY_OCCURRENCES,
            },
            steps: step,
            ..self.weight_decay.params(self.lr)
        }
    }

    fn at_least_zero(&self) -> Vec<(&'static str, f64)> {
        vec![self.weight_decay.named()]
    }

    fn check(&self) -> Result<()> {
        if self.horizon == 0 {
            return Err(Error::invalid("frequency_sgd horizon", "at least 1", 0));
        }
        if !(self.cap.is_finite() && self.cap > 0.0) {
            return Err(Error::invalid("frequency_sgd cap", "more than 0", self.cap));
        }
        Ok(())
    }
}

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
