//! A step of the optimizer: what is done to all rows that it touches.

use super::Updates;
use super::terms::Parts;
use crate::cpu::random_word;
use crate::device::{Buffer, Counter, Reached, Recorder};
use crate::kernels::{part, row_update};
use crate::optim::{Optimizer, Rounding, Schedule, Sgd, UpdateRules};
use crate::{Error, Result};

/// A recorded step. Its number, and with it the learning rate, is known when the recorder is submitted.
#[derive(Clone)]
pub(crate) struct Step {
    optimizer: Optimizer,
    rules: UpdateRules,
    schedule: Schedule,
    number: Reached<u32>,
}

impl Step {
    /// Records that the next step begins; without an optimizer an error that says what is `expected`.
    pub(super) fn begin(
        rec: &mut Recorder,
        steps: &Counter<u32>,
        updates: &Updates,
        expected: &str,
    ) -> Result<Self> {
        let &Updates { rules, schedule, .. } = updates;
        let optimizer = updates.wanted_optimizer(expected)?;
        let number = rec.advance(steps, move |steps| {
            let step = steps.saturating_add(1);
            check_rate(&optimizer, &schedule, step)?;
            Ok(step)
        });
        Ok(Self { optimizer, rules, schedule, number })
    }

    /// Rows plus the sums of their terms, rounded to the nearest; no step of an optimizer.
    pub(super) fn adding() -> Self {
        Self {
            optimizer: Sgd { lr: -1.0, ..Default::default() }.into(),
            rules: UpdateRules { rounding: Rounding::Nearest, ..Default::default() },
            schedule: Schedule::constant(),
            number: Reached::known(0),
        }
    }

    /// The same for gradients whose terms were clipped when they were summed.
    pub(super) fn of_sums(&self) -> Self {
        Self { rules: UpdateRules { clip_value: None, ..self.rules }, ..self.clone() }
    }

    pub(super) fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// What each value of a term is clipped to; 0 if it is not.
    pub(crate) fn clip_value(&self) -> f32 {
        self.rules.clip_value.unwrap_or(0.0)
    }

    /// The number of the step.
    pub(crate) fn number(&self) -> Reached<u32> {
        self.number.clone()
    }

    /// Uploads parts of tables, whose random numbers are those of their seed in this step.
    pub(super) fn parts(&self, rec: &mut Recorder, parts: Vec<part::Part>) -> Result<Parts> {
        let number = self.number();
        Parts::late(rec, parts, move |parts| {
            let of_step = |part: &part::Part| random_word(part.random, number.get(), u32::MAX);
            parts.iter().map(|part| part::Part { random: of_step(part), ..*part }).collect()
        })
    }

    /// Records the kernel that updates rows; `own` puts the parameters of this dispatch beside those of the
    /// step.
    pub(super) fn dispatch(
        &self,
        rec: &mut Recorder,
        variant: usize,
        bindings: row_update::Bindings<Buffer>,
        groups: u32,
        own: impl Fn(row_update::Params) -> row_update::Params + Send + Sync + 'static,
    ) {
        let Self { optimizer, rules, schedule, number } = self.clone();
        let params = move || {
            let step = number.get();
            own(rules.params(scheduled(&optimizer, &schedule, step).params(step)))
        };
        rec.dispatch_late(variant, params, bindings, groups);
    }
}

fn scheduled(optimizer: &Optimizer, schedule: &Schedule, step: u32) -> Optimizer {
    optimizer.with_lr(optimizer.lr() * schedule.factor(step))
}

/// A schedule's factors may grow until a rate is a number no more, or shrink to what the optimizer does not
/// take.
fn check_rate(optimizer: &Optimizer, schedule: &Schedule, step: u32) -> Result<()> {
    let scheduled = scheduled(optimizer, schedule, step);
    let row_update::Params { lr, keep, .. } = scheduled.params(step);
    if lr.is_finite() && keep.is_finite() {
        return scheduled.validate();
    }
    let (lr, factor) = (optimizer.lr(), schedule.factor(step));
    let argument = format!("learning rate of step {step}");
    Err(Error::invalid(argument, "a finite number", format!("{lr} times the schedule's factor {factor}")))
}
