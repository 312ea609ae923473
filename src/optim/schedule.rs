//! Learning rates that change with the steps.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Course {
    #[default]
    Constant,
    Step {
        every: u32,
        factor: f64,
    },
    Cosine {
        steps: u32,
        least: f64,
    },
}

/// What a learning rate is multiplied by in each step. Host values: no pipeline depends on them.
///
/// ```
/// use embag::optim::Schedule;
///
/// let schedule = Schedule::cosine(1_000, 0.1).warmup(100);
/// assert_eq!(schedule.factor(50), 0.5); // linear from 0 in step 0 to 1 in step 100
/// assert_eq!(schedule.factor(100), 1.0);
/// assert_eq!(schedule.factor(5_000), 0.1);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    course: Course,
    warmup: u32,
}

impl Schedule {
    /// Always 1.
    #[must_use]
    pub fn constant() -> Self {
        Self::default()
    }

    /// Times `factor` after every `every` steps.
    #[must_use]
    pub fn step(every: u32, factor: f64) -> Self {
        Self { course: Course::Step { every, factor }, warmup: 0 }
    }

    /// From 1 to `least` along half a cosine wave of `steps` steps, and from there on `least` (Loshchilov and
    /// Hutter, 2017, without restarts).
    #[must_use]
    pub fn cosine(steps: u32, least: f64) -> Self {
        Self { course: Course::Cosine { steps, least }, warmup: 0 }
    }

    /// Before all that, `steps` steps from 0 to 1 along a line; the course begins after them.
    #[must_use]
    pub fn warmup(mut self, steps: u32) -> Self {
        self.warmup = steps;
        self
    }

    /// The factor of the step with this number, from 1.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    pub fn factor(&self, step: u32) -> f32 {
        if step < self.warmup {
            return (f64::from(step) / f64::from(self.warmup)) as f32;
        }
        let step = step - self.warmup;
        let factor = match self.course {
            Course::Constant => 1.0,
            Course::Step { every, factor } => factor.powf(f64::from(step / every.max(1))),
            Course::Cosine { steps, least } => {
                let part = f64::from(step.min(steps)) / f64::from(steps.max(1));
                least + (1.0 - least) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
            }
        };
        factor as f32
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let (name, value) = match self.course {
            Course::Constant => return Ok(()),
            Course::Step { every: 0, .. } => {
                return Err(Error::invalid("schedule every", "at least 1 step", 0));
            }
            Course::Cosine { steps: 0, .. } => {
                return Err(Error::invalid("schedule steps", "at least 1 step", 0));
            }
            Course::Step { factor, .. } => ("schedule factor", factor),
            Course::Cosine { least, .. } => ("schedule least", least),
        };
        if value.is_finite() && value >= 0.0 {
            return Ok(());
        }
        Err(Error::invalid(name, "a finite number of at least 0", value))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn factors_follow_their_course() {
        assert_eq!(Schedule::constant().factor(7), 1.0);
        let step = Schedule::step(10, 0.5);
        assert_eq!([9, 10, 19, 20].map(|s| step.factor(s)), [1.0, 0.5, 0.5, 0.25]);
        let cosine = Schedule::cosine(100, 0.2);
        assert_abs_diff_eq!(cosine.factor(50), 0.6, epsilon = 1e-6);
        assert_eq!(cosine.factor(100), 0.2);
        assert_eq!(Schedule::step(10, 0.5).warmup(4).factor(14), 0.5);
        assert!(Schedule::step(0, 0.5).validate().is_err());
        assert!(Schedule::cosine(10, f64::NAN).validate().is_err());
    }
}
