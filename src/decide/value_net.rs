//! Values of states, by temporal differences whose steps converge.

use super::observed::{MODERATE, Observed};
use super::saved::{self, Saved};
use crate::cpu::random::uniform_value;
use crate::device::{Buffer, Dispatch, Place, word};
use crate::kernels::{td_step, value_forward};
use crate::numbers::narrow;
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// How [`ValueNet`] estimates gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TdMethod {
    /// Fading means of the gradients of single transitions.
    Momentum,
    /// Means that are corrected by the gradients of the same transition before the step: twice the work.
    VarianceReduced,
}

/// The sizes of [`ValueNet`]'s steps. With `nu = rate / (t + offset)^p` in step `t`, `p` a half for
/// momentum and a third where variance is reduced: the value's weights move by `nu primal`, the dual ones
/// by `nu dual`, and the means take in a share of `average nu`, or `average nu^2` where variance is
/// reduced, of the newest gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TdSteps {
    /// `rate` above (the paper's a)
    pub rate: f32,
    /// What steps are counted from (b): the larger, the smaller the first steps are.
    pub offset: f32,
    /// Of the value's weights (beta).
    pub primal: f32,
    /// Of the dual weights (zeta).
    pub dual: f32,
    /// Of the means (c).
    pub average: f32,
}

impl TdMethod {
    /// Steps that converge where the length of a state's features is of the size of one. Longer ones want
    /// smaller steps, or to be scaled.
    #[must_use]
    pub const fn steps(self) -> TdSteps {
        match self {
            Self::Momentum => TdSteps { rate: 1.0, offset: 400.0, primal: 0.3, dual: 2.0, average: 8.0 },
            Self::VarianceReduced => {
                TdSteps { rate: 1.0, offset: 400.0, primal: 0.1, dual: 0.4, average: 1.0 }
            }
        }
    }
}

impl TdSteps {
    /// Sets the sizes of the steps of the value's weights and of the dual ones.
    #[must_use]
    pub const fn with(mut self, primal: f32, dual: f32) -> Self {
        (self.primal, self.dual) = (primal, dual);
        self
    }

    /// Sets what steps are counted from, above 0: the larger, the smaller the first steps are.
    #[must_use]
    pub const fn from(mut self, offset: f32) -> Self {
        self.offset = offset;
        self
    }
}

/// The value of being in a state, learned from transitions (S. Qiu, Z. Yang, X. Wei, J. Ye, Z. Wang,
/// "Single-timescale stochastic nonconvex-concave optimization for smooth nonlinear TD learning", 2020):
/// the discounted sum of the rewards to come, linear in features of the state or a layer of tanh units.
///
/// The steps descend the mean squared projected Bellman error of S. Bhatnagar et al. (NeurIPS 2009) as a
/// game of the value's weights `theta` against dual ones `omega`, both at the same pace:
///
/// ```text
/// min over theta, max over omega of  E[delta <grad V(s), omega> - <grad V(s), omega>^2 / 2] - ridge |omega|^2 / 2
/// delta  = reward + discount V(s') - V(s)
/// theta -= nu primal p,  omega += nu dual d                    p and d: means of the gradients of single transitions
/// p = (1 - c nu) p + c nu G                                    momentum
/// p = G + (1 - c nu^2) (p - G before the step)                 variance reduced; both of the same transition
/// ```
///
/// What converges is the gradient, to zero, and `omega` to its best: that is the promise, not a better
/// value.
///
/// Every instance is a value of its own, such as a seed's or a market's, and sees a transition a step: to
/// score many states by one of them, read its [`weights`](ValueNet::weights). There is no constant in a
/// value: it is a feature that is always 1. The first step begins the means and moves nothing.
///
/// ```
/// use embag::decide::{Observed, TdMethod, Transition, ValueNet};
/// use embag::{Context, Recorder};
///
/// let ctx = Context::cpu();
/// // one state that stays, with a reward of 1: worth 1 / (1 - 0.5)
/// let mut net = ValueNet::builder(&ctx, 1, 4).method(TdMethod::VarianceReduced).discount(0.5).build()?;
/// let ones = Observed::from_slice(&ctx, &[1.0; 4], 1, 4)?;
/// for _ in 0..200 {
///     let mut rec = Recorder::new(&ctx);
///     for _ in 0..100 {
///         net.record_step(&mut rec, &Transition { state: &ones, next: &ones, reward: &ones })?;
///     }
///     rec.run()?;
/// }
/// let mut rec = Recorder::new(&ctx);
/// net.record_values(&mut rec, &ones)?;
/// rec.run()?;
/// let values = net.values().to_vec(&ctx)?;
/// assert!((values[0] - 2.0).abs() < 0.1, "{values:?}");
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct ValueNet {
    ctx: Context,
    settings: Settings,
    /// Steps that were recorded.
    steps: u32,
    /// Entries x instances.
    theta: Matrix,
    omega: Matrix,
    /// Those of theta's gradients, and below them those of omega's.
    means: Matrix,
    hidden: Matrix,
    values: Matrix,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    features: usize,
    /// A row for each instance.
    by_instance: bool,
    units: usize,
    method: TdMethod,
    steps: TdSteps,
    discount: f32,
    ridge: f32,
}

/// What every instance saw in a step.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// Features of the state, features x instances, or
    /// [as bags give them](ValueNetBuilder::by_instance).
    pub state: &'a Observed,
    /// Features of the state that followed; zeros after the end, the constant one too.
    pub next: &'a Observed,
    /// What was gained on the way, 1 x instances.
    pub reward: &'a Observed,
}

/// What [`ValueNet::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct ValueNetBuilder {
    ctx: Context,
    features: usize,
    instances: usize,
    by_instance: bool,
    units: usize,
    method: TdMethod,
    steps: Option<TdSteps>,
    discount: f32,
    ridge: f32,
    start: Option<Vec<f32>>,
    seed: u32,
}

impl ValueNetBuilder {
    /// Takes features as [`EmbeddingBags`](crate::EmbeddingBags) gives them, instances x features: a bag
    /// for each instance.
    pub fn by_instance(mut self) -> Self {
        self.by_instance = true;
        self
    }

    /// Makes the value a sum of so many tanh units with weights of their own; linear without it, or with
    /// none.
    pub fn tanh(mut self, units: usize) -> Self {
        self.units = units;
        self
    }

    /// Sets how gradients are estimated; [`TdMethod::VarianceReduced`] without it.
    pub fn method(mut self, method: TdMethod) -> Self {
        self.method = method;
        self
    }

    /// Sets the sizes of the steps; the method's ([`TdMethod::steps`]) without it.
    pub fn steps(mut self, steps: TdSteps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Sets what a reward is worth a transition earlier (`gamma`); .9 without it.
    pub fn discount(mut self, gamma: f32) -> Self {
        self.discount = gamma;
        self
    }

    /// Sets what the dual weights are held back by; .05 without it.
    pub fn ridge(mut self, ridge: f32) -> Self {
        self.ridge = ridge;
        self
    }

    /// Sets where the value's weights begin: entries x instances, those of a unit's features side by side,
    /// unit after unit, and then the units' own; or an entry each for all instances. Without it linear ones
    /// begin at zero, and those of units at uniform numbers from -.17 to .17.
    pub fn start(mut self, weights: &[f32]) -> Self {
        self.start = Some(weights.to_vec());
        self
    }

    /// Sets what first weights are drawn by; 0 without it.
    pub fn seed(mut self, seed: u32) -> Self {
        self.seed = seed;
        self
    }

    /// The memory of all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no feature or instance, the discount is not from 0 to 1 or
    /// another size not finite or below zero (the steps' offset must be above it), there are not as many
    /// first weights, or a software adapter could not go through them; [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<ValueNet> {
        let Self { ctx, features, instances, by_instance, units, method, discount, ridge, .. } = self;
        for (name, count) in [("features", features), ("instances", instances)] {
            word(name, count)?;
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        let entries = if units == 0 { features } else { units.saturating_mul(features.saturating_add(1)) };
        word("entries", entries.saturating_mul(2))?;
        if !(0.0..=1.0).contains(&discount) {
            return Err(Error::invalid("discount", "a number from 0 to 1", discount));
        }
        let steps = self.steps.unwrap_or(method.steps());
        let sizes = [
            ("ridge", ridge),
            ("rate", steps.rate),
            ("primal", steps.primal),
            ("dual", steps.dual),
            ("average", steps.average),
        ];
        for (name, value) in sizes {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::invalid(name, "a finite number of at least 0", value));
            }
        }
        if !(steps.offset.is_finite() && steps.offset > 0.0) {
            return Err(Error::invalid("offset", "a finite number above 0", steps.offset));
        }
        check_loops(&ctx, entries)?;
        let zeros = |rows: usize| Matrix::zeros(&ctx, rows, instances);
        let means = zeros(2 * entries)?;
        // before as much memory is taken on the host
        means.place(&ctx, "entries x instances")?;
        let start = match &self.start {
            Some(start) => super::affine::each("start", start, entries, instances)?,
            None if units == 0 => vec![0.0; entries * instances],
            None => {
                let all = (0..entries).flat_map(|row| (0..instances).map(move |instance| (row, instance)));
                // a deviation of .1
                all.map(|(row, instance)| uniform_value(self.seed, narrow(row), narrow(instance), 0.173))
                    .collect()
            }
        };
        Ok(ValueNet {
            settings: Settings { features, by_instance, units, method, steps, discount, ridge },
            steps: 0,
            theta: Matrix::from_slice(&ctx, &start, entries, instances)?,
            omega: zeros(entries)?,
            means,
            hidden: zeros((6 * units).max(1))?,
            values: zeros(1)?,
            ctx,
        })
    }
}

/// Software adapters end loops that are too long.
fn check_loops(ctx: &Context, entries: usize) -> Result<()> {
    // the entries are gone through for the sums and for the step, by loops in loops
    let steps = entries.saturating_mul(4);
    match ctx.loop_limit().map(|limit| limit as usize / 2).filter(|&limit| steps > limit) {
        None => Ok(()),
        Some(limit) => {
            let expected = format!("at most {} weights on a software adapter", limit / 4);
            Err(Error::invalid("entries", expected, entries))
        }
    }
}

impl ValueNet {
    /// Describes as many instances of a value of so many features.
    pub fn builder(ctx: &Context, features: usize, instances: usize) -> ValueNetBuilder {
        ValueNetBuilder {
            ctx: ctx.clone(),
            features,
            instances,
            by_instance: false,
            units: 0,
            method: TdMethod::VarianceReduced,
            steps: None,
            discount: 0.9,
            ridge: 0.05,
            start: None,
            seed: 0,
        }
    }

    /// The value's weights, entries x instances (`theta`), laid out as for
    /// [`start`](ValueNetBuilder::start).
    #[must_use]
    pub fn weights(&self) -> &Matrix {
        &self.theta
    }

    /// The dual weights, entries x instances (`omega`).
    #[must_use]
    pub fn multipliers(&self) -> &Matrix {
        &self.omega
    }

    /// What [`record_values`](Self::record_values) leaves, 1 x instances.
    #[must_use]
    pub fn values(&self) -> &Matrix {
        &self.values
    }

    /// Features, checked: where they begin, from one to the next, and from instance to instance.
    fn placed(&self, features: &Observed, name: &'static str) -> Result<(Buffer, [u32; 3])> {
        let (Settings { features: count, by_instance, .. }, instances) = (self.settings, self.values.cols());
        let (rows, cols) = if by_instance { (instances, count) } else { (count, instances) };
        features.check(name, rows, cols, MODERATE)?;
        let Place { binding, base, stride, .. } = features.place(&self.ctx, name)?;
        Ok((binding, if by_instance { [base, 1, stride] } else { [base, stride, 1] }))
    }

    /// Records what states are worth, one for each instance, of features as in a [`Transition`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the shape is another or the recorder is of another context.
    pub fn record_values(&mut self, rec: &mut Recorder, states: &Observed) -> Result<()> {
        let (Settings { features, units, .. }, instances) = (self.settings, self.values.cols());
        let (states, [features_base, features_stride, features_step]) = self.placed(states, "states")?;
        rec.whole(|rec| {
            let params = value_forward::Params {
                instances: word("instances", instances)?,
                features: word("features", features)?,
                units: word("units", units)?,
                features_base,
                features_stride,
                features_step,
            };
            let bindings = value_forward::Bindings {
                features: states,
                theta: self.theta.buffer().clone(),
                values: self.values.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.instances));
            Ok(())
        })
    }

    /// Records a step by a transition of each instance.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape is another or the recorder is of another context.
    pub fn record_step(&mut self, rec: &mut Recorder, transition: &Transition<'_>) -> Result<()> {
        let (Settings { features, units, discount, ridge, method, .. }, instances) =
            (self.settings, self.values.cols());
        let Transition { state, next, reward } = transition;
        let (now, [now_base, now_stride, now_step]) = self.placed(state, "state")?;
        let (next, [next_base, next_stride, next_step]) = self.placed(next, "next")?;
        reward.check("reward", 1, instances, MODERATE)?;
        rec.whole(|rec| {
            let reward = reward.place(&self.ctx, "reward")?;
            let step = self.settings.step(self.steps);
            let params = td_step::Params {
                instances: word("instances", instances)?,
                features: word("features", features)?,
                units: word("units", units)?,
                entries: word("entries", self.theta.rows())?,
                now_base,
                now_stride,
                now_step,
                next_base,
                next_stride,
                next_step,
                reward_base: reward.base,
                discount,
                ridge,
                rate: step.rate,
                dual_rate: step.dual_rate,
                gain: step.gain,
                keep: step.keep,
                is_reduced: u32::from(method == TdMethod::VarianceReduced && self.steps > 0),
            };
            let bindings = td_step::Bindings {
                now,
                next,
                reward: reward.binding,
                theta: self.theta.buffer().clone(),
                omega: self.omega.buffer().clone(),
                means: self.means.buffer().clone(),
                hidden: self.hidden.buffer().clone(),
            };
            let variant = if units == 0 { td_step::LINEAR } else { td_step::TANH };
            rec.dispatch(Dispatch::threads(variant, &params, bindings, params.instances));
            Ok(())
        })?;
        self.steps = self.steps.saturating_add(1);
        Ok(())
    }

    fn saved(&self) -> Result<Vec<Saved<'_>>> {
        let Settings { features, units, .. } = self.settings;
        Ok(vec![
            Saved::Problem("features_and_units", vec![word("features", features)?, word("units", units)?]),
            Saved::Floats("weights", &self.theta),
            Saved::Floats("multipliers", &self.omega),
            Saved::Floats("means", &self.means),
        ])
    }

    /// Adds all that is kept to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken; [`Error::Device`] if the device is lost.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        checkpoint.insert(&format!("{prefix}.steps"), &[1], vec![self.steps])?;
        saved::export(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved()?)])
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of as many features, units and
    /// instances.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there or another's; nothing is changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let steps: &[u32] = checkpoint.tensor(&format!("{prefix}.steps"), &[1])?;
        saved::import(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved()?)])?;
        self.steps = steps[0];
        Ok(())
    }
}

/// What a step goes by.
struct Step {
    rate: f32,
    dual_rate: f32,
    gain: f32,
    keep: f32,
}

impl Settings {
    #[allow(clippy::cast_possible_truncation, reason = "the sizes of a step are rounded")]
    fn step(&self, t: u32) -> Step {
        let Settings { method, steps, .. } = *self;
        if t == 0 {
            // the means begin with the first gradients, and nothing moves
            return Step { rate: 0.0, dual_rate: 0.0, gain: 1.0, keep: 0.0 };
        }
        let is_reduced = method == TdMethod::VarianceReduced;
        let power = if is_reduced { 1.0 / 3.0 } else { 0.5 };
        let nu = f64::from(steps.rate) / (f64::from(t - 1) + f64::from(steps.offset)).powf(power);
        let taken = f64::from(steps.average) * if is_reduced { nu * nu } else { nu };
        let keep = (1.0 - taken).max(0.0) as f32;
        Step {
            rate: (nu * f64::from(steps.primal)) as f32,
            dual_rate: (nu * f64::from(steps.dual)) as f32,
            gain: if is_reduced { 1.0 } else { taken.min(1.0) as f32 },
            keep,
        }
    }
}
