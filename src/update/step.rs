//! A step of the optimizer: what is done to all rows that it touches.

use super::terms::Parts;
use super::updates::Class;
use crate::cpu::random_word;
use crate::device::{Buffer, Counter, Reached, Recorder};
use crate::kernels::{part, row_update};
use crate::optim::{Optimizer, Rounding, Schedule, Sgd, UpdateRules};
use crate::{Error, Result};

/// A recorded step of all tables. Its number, and with it the learning rates, is known when the recorder is
/// submitted.
pub(crate) struct Steps {
    /// Of each class of tables; none for those that stay as they are.
    classes: Vec<Option<Step>>,
}

impl Steps {
    /// Records that the next step begins; without any optimizer an error that says what is `expected`.
    pub(super) fn begin(
        rec: &mut Recorder,
        steps: &Counter<u32>,
        classes: &[Class],
        expected: &str,
    ) -> Result<Self> {
        let with = |class: &Class| class.optimizer.map(|optimizer| (optimizer, class.rules, class.schedule));
        let classes: Vec<_> = classes.iter().map(with).collect();
        if classes.iter().all(Option::is_none) {
            return Err(Error::invalid("optimizer", expected, "none"));
        }
        let checked = classes.clone();
        let number = rec.advance(steps, move |steps| {
            let step = steps.saturating_add(1);
            let mut rates = checked.iter().flatten();
            rates.try_for_each(|(optimizer, _, schedule)| check_rate(optimizer, schedule, step))?;
            Ok(step)
        });
        let step = |class: Option<(Optimizer, UpdateRules, Schedule)>| {
            class.map(|(optimizer, rules, schedule)| Step {
                optimizer,
                rules,
                schedule,
                number: number.clone(),
            })
        };
        Ok(Self { classes: classes.into_iter().map(step).collect() })
    }

    /// The step of a class of tables.
    pub(crate) fn of(&self, class: usize) -> Option<&Step> {
        self.classes[class].as_ref()
    }
}

/// A recorded step of tables that are updated alike.
#[derive(Clone)]
pub(crate) struct Step {
    optimizer: Optimizer,
    rules: UpdateRules,
    schedule: Schedule,
    number: Reached<u32>,
}

impl Step {
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

    /// Sums over a row that are made before it is updated.
    pub(super) fn sums(&self) -> u32 {
        self.optimizer.kernel().sums + self.rules.sums()
    }

    /// Whether rules ask for more than the optimizer's step.
    pub(super) fn extras(&self) -> bool {
        self.rules.extras()
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
        touched: &[(&'static str, u64)],
        own: impl Fn(row_update::Params) -> row_update::Params + Send + Sync + 'static,
    ) {
        let Self { optimizer, rules, schedule, number } = self.clone();
        let params = move || {
            let step = number.get();
            own(rules.params(scheduled(&optimizer, &schedule, step).params(step)))
        };
        rec.dispatch_late(variant, params, bindings, groups, touched);
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
