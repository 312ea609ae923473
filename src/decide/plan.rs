//! What the steps in a process of unknown moves go by.

use std::f32::consts::LOG2_E;

use super::layers::Layers;
use crate::{Context, Error, Result};

/// What the steps go by, as far as it does not follow from the horizon.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) horizon: u32,
    pub(super) v: Option<f32>,
    pub(super) alpha: Option<f32>,
    pub(super) mix: Option<f32>,
    pub(super) confidence: f32,
    pub(super) delta: f32,
    pub(super) tolerance: f32,
    pub(super) sweeps: u32,
    pub(super) seed: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            horizon: 10_000,
            v: None,
            alpha: None,
            mix: None,
            confidence: 0.0,
            delta: 0.1,
            tolerance: 1e-5,
            sweeps: 512,
            seed: 0,
        }
    }
}

/// What the steps go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) v: f32,
    pub(super) loss_rate: f32,
    pub(super) cost_rate: f32,
    pub(super) mix: f32,
    /// How far moves may be from the model's; 0: not at all.
    pub(super) radius: f32,
    pub(super) tolerance: f32,
    /// Sweeps of a solve, and of one dispatch, at most.
    pub(super) sweeps: u32,
    pub(super) at_once: u32,
    pub(super) seed: u32,
}

impl Plan {
    /// What follows for a process. `steps` are its layers with actions; `sign` is -1 where what is called a
    /// loss is a gain.
    #[allow(clippy::cast_precision_loss, reason = "weights that follow from the horizon are rounded")]
    pub(super) fn settings(&self, ctx: &Context, layers: &Layers, sign: f32) -> Result<Settings> {
        for (name, count) in [("horizon", self.horizon), ("sweeps", self.sweeps)] {
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        let (steps, rounds) = (layers.steps() as f32, self.horizon as f32);
        let v = self.v.unwrap_or(steps * rounds.sqrt());
        let alpha = self.alpha.unwrap_or(steps * rounds);
        let mix = self.mix.unwrap_or(1.0 / rounds);
        for (name, value) in [("v", v), ("alpha", alpha), ("tolerance", self.tolerance)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::invalid(name, "a finite number above 0", value));
            }
        }
        if !(1e-20..=1.0).contains(&mix) {
            return Err(Error::invalid("mix", "a share from 1e-20 to 1", mix));
        }
        if !(self.confidence.is_finite() && self.confidence >= 0.0) {
            return Err(Error::invalid("confidence", "a finite number of at least 0", self.confidence));
        }
        if !(self.delta > 0.0 && self.delta < 1.0) {
            return Err(Error::invalid("delta", "a number above 0 and below 1", self.delta));
        }
        let pairs = layers.pairs() as f32;
        let radius = self.confidence * (2.0 * (rounds * pairs / self.delta).ln()).sqrt();
        Ok(Settings {
            v,
            loss_rate: sign * LOG2_E * v / alpha,
            cost_rate: LOG2_E / alpha,
            mix,
            radius,
            tolerance: self.tolerance,
            sweeps: self.sweeps,
            at_once: sweeps_at_once(ctx, layers, radius > 0.0)?,
            seed: self.seed,
        })
    }
}

/// Sweeps of a dispatch: software adapters end loops that are too long, all of a thread's taken together.
fn sweeps_at_once(ctx: &Context, layers: &Layers, is_within: bool) -> Result<u32> {
    const MOST: u32 = 128;
    // a layer's moves are gone through three times in a sweep, and its pairs as often
    let mut steps = 4 * (layers.moves() + layers.pairs() + layers.all_states());
    if is_within {
        // moves are chosen twice, each time by as many passes as there are next states, and some
        let widest = layers.states.iter().copied().max().unwrap_or(1) as usize;
        steps += 2 * layers.moves() * (widest + 4);
    }
    let Some(limit) = ctx.loop_limit().map(|limit| limit as usize / 2) else { return Ok(MOST) };
    // what begins and ends a solve takes as long as a sweep each
    match (limit / steps).saturating_sub(2) {
        0 => {
            let expected = format!("at most {limit} steps of a sweep on a software adapter");
            Err(Error::invalid("layers", expected, steps))
        }
        at_once => Ok(u32::try_from(at_once).unwrap_or(MOST).min(MOST)),
    }
}

/// The methods of a builder with a [`Plan`] in its field `plan` and the number of `constraints`.
macro_rules! plan_methods {
    ($gains:literal, $play:literal) => {
        /// Sets the number of constraints; none without it.
        pub fn constraints(mut self, count: usize) -> Self {
            self.constraints = count;
            self
        }

        /// Sets for how many episodes it is meant (`T`), by which `v`, `alpha` and `mix` follow; 10,000
        /// without it. Nothing ends with them: steps stay as large as they are.
        pub fn horizon(mut self, episodes: u32) -> Self {
            self.plan.horizon = episodes;
            self
        }

        /// Sets how far moves may be from what was counted, at least 0: 1 is what the theory asks for,
        /// and 0, without it, takes what was counted for the moves.
        pub fn confidence(mut self, scale: f32) -> Self {
            self.plan.confidence = scale;
            self
        }

        /// Sets how likely moves may be farther than that, in theory, between 0 and 1; .1 without it.
        pub fn delta(mut self, chance: f32) -> Self {
            self.plan.delta = chance;
            self
        }

        #[doc = concat!("Sets the weight of ", $gains, " beside queues, above 0; `L sqrt(T)` without it,")]
        /// for `L` layers with actions.
        pub fn v(mut self, weight: f32) -> Self {
            self.plan.v = Some(weight);
            self
        }

        /// Sets how strongly a decision is held near the last, above 0; `L T` without it.
        pub fn alpha(mut self, weight: f32) -> Self {
            self.plan.alpha = Some(weight);
            self
        }

        /// Sets the share of uniform occupancies that a decision begins with, from 1e-20 to 1; `1 / T`
        /// without it.
        pub fn mix(mut self, share: f32) -> Self {
            self.plan.mix = Some(share);
            self
        }

        /// Sets the residual that is small enough, above 0; 1e-5 without it.
        pub fn tolerance(mut self, residual: f32) -> Self {
            self.plan.tolerance = residual;
            self
        }

        /// Sets how many sweeps over the layers a decision takes at most; 512 without it. What they leave
        /// is used as it is: the residual says how far off it is.
        pub fn sweeps(mut self, most: u32) -> Self {
            self.plan.sweeps = most;
            self
        }

        #[doc = concat!("Sets what [`record_play`](", $play, ") draws by; 0 without it.")]
        pub fn seed(mut self, seed: u32) -> Self {
            self.plan.seed = seed;
            self
        }
    };
}
pub(super) use plan_methods;
