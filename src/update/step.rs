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
        if classes.iter().all(|class| class.optimizer().is_none()) {
            return Err(Error::invalid("optimizer", expected, "none"));
        }
        let mut rated = |class: &Class| {
            class.optimizer().map(|&optimizer| Rated {
                optimizer,
                rate: rec.read_late(class.rate()),
                schedule: class.schedule,
            })
        };
        let rated: Vec<_> = classes.iter().map(&mut rated).collect();
        let checked: Vec<_> = rated.iter().flatten().cloned().collect();
        let number = rec.advance(steps, move |steps| {
            let step = steps.saturating_add(1);
            checked.iter().try_for_each(|rated| rated.check(step))?;
            Ok(step)
        });
        let step = |(rated, class): (Option<Rated>, &Class)| {
            rated.map(|rated| Step { rated, rules: class.rules, number: number.clone() })
        };
        Ok(Self { classes: rated.into_iter().zip(classes).map(step).collect() })
    }

    /// The step of a class of tables.
    pub(crate) fn of(&self, class: usize) -> Option<&Step> {
        self.classes[class].as_ref()
    }
}

/// A recorded step of tables that are updated alike.
#[derive(Clone)]
pub(crate) struct Step {
    rated: Rated,
    rules: UpdateRules,
    number: Reached<u32>,
}

/// An optimizer whose learning rate is known when the recorder is submitted.
#[derive(Clone)]
struct Rated {
    optimizer: Optimizer,
    rate: Reached<f32>,
    schedule: Schedule,
}

impl Rated {
    fn in_step(&self, step: u32) -> Optimizer {
        self.optimizer.with_lr(self.rate.get() * self.schedule.factor(step))
    }

    /// A schedule's factors may grow until a rate is a number no more, or shrink to what the optimizer does
    /// not take.
    fn check(&self, step: u32) -> Result<()> {
        let scheduled = self.in_step(step);
        let row_update::Params { lr, keep, .. } = scheduled.params(step);
        if lr.is_finite() && keep.is_finite() {
            return scheduled.validate();
        }
        let (lr, factor) = (self.rate.get(), self.schedule.factor(step));
        let argument = format!("learning rate of step {step}");
        Err(Error::invalid(argument, "a finite number", format!("{lr} times the schedule's factor {factor}")))
    }
}

impl Step {
    /// Rows plus the sums of their terms, rounded to the nearest; no step of an optimizer.
    pub(super) fn adding() -> Self {
        let lr = -1.0;
        Self {
            rated: Rated {
                optimizer: Sgd::new(lr).into(),
                rate: Reached::known(lr),
                schedule: Schedule::constant(),
            },
            rules: UpdateRules { rounding: Rounding::Nearest, ..Default::default() },
            number: Reached::known(0),
        }
    }

    /// The same for gradients whose terms were clipped when they were summed.
    pub(super) fn of_sums(&self) -> Self {
        Self { rules: UpdateRules { clip_value: None, ..self.rules }, ..self.clone() }
    }

    pub(super) fn optimizer(&self) -> &Optimizer {
        &self.rated.optimizer
    }

    /// Sums over a row that are made before it is updated.
    pub(super) fn sums(&self) -> u32 {
        self.optimizer().kernel().sums + self.rules.sums()
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
        let Self { rated, rules, number } = self.clone();
        let params = move || {
            let step = number.get();
            own(rules.params(rated.in_step(step).params(step)))
        };
        rec.dispatch_late(variant, params, bindings, groups, touched);
    }
}
