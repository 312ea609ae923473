//! Markov decision processes with budgets, whose losses anyone may choose.

use std::f32::consts::LOG2_E;

use super::layers::{Layers, Path};
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::{flow_price, flow_solve, model_update, policy_step, queue_step};
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// Upper-confidence primal-dual (S. Qiu, X. Wei, Z. Yang, J. Ye, Z. Wang, "Upper confidence primal-dual
/// reinforcement learning for CMDP with adversarial loss", NeurIPS 2020): how to act, episode after episode,
/// in a process whose moves are not known, on losses that are learned afterwards and may be chosen by anyone,
/// so that costs stay within budgets in the long run.
///
/// A decision is the flow `q` over pairs of state and action that is nearest to the last one, by what the
/// last episode's losses and costs say:
///
/// ```text
/// q   = argmin <V f + sum_i Q_i g_i, q> + alpha KL(q P || anchor)       over flows of the model P
/// Q_i = max(Q_i + <g_i, q> - c_i, 0)                                    a queue for each constraint
/// anchor = (1 - mix) q P + mix uniform,   V = L sqrt(T),  alpha = L T,  mix = 1 / T
/// ```
///
/// The model is what was counted until the present epoch; an epoch ends when the visits of a pair of state
/// and action have doubled. What was counted is taken as it is (a confidence of zero). The flow is found by
/// iterative scaling, which makes no step that is worse, wherever it begins; [`residual`](Self::residual) is
/// how far flows are from being flows.
///
/// ```
/// use embag::decide::{Episode, Layers, Path, UcPd};
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let layers = Layers::new(&[1, 2, 1], 2)?; // two decisions, two actions each
/// let instances = 8;
/// let mut pd = UcPd::builder(&ctx, &layers, instances).constraints(1).horizon(100).build()?;
/// // the first action loses less, and costs more
/// let each = |values: [f32; 2]| values.map(|value| [value; 8]).concat().repeat(3);
/// let loss = Matrix::from_slice(&ctx, &each([0.0, 1.0]), layers.pairs(), instances)?;
/// let costs = Matrix::from_slice(&ctx, &each([1.0, 0.0]), layers.pairs(), instances)?;
/// let budgets = Matrix::from_slice(&ctx, &[1.5; 8], 1, instances)?; // three times of four
/// for _ in 0..100 {
///     let mut rec = Recorder::new(&ctx);
///     pd.record_decide(&mut rec)?;
///     rec.run()?; // now `pd.policy()` says how to act
///     let path = Path::from_slice(&ctx, &layers, instances, &[0; 16])?; // what was done, pair by pair
///     let mut rec = Recorder::new(&ctx);
///     pd.record_observe(&mut rec, &Episode { path: &path, loss: &loss, costs: &costs, budgets: &budgets })?;
///     rec.run()?;
/// }
/// let policy = pd.policy().to_vec(&ctx)?;
/// assert!((0.6..0.9).contains(&policy[0]), "{policy:?}"); // the first action of the first state
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct UcPd {
    ctx: Context,
    layers: Layers,
    constraints: usize,
    settings: Settings,
    places: Buffer,
    /// Moves x instances.
    model: Matrix,
    anchor: Matrix,
    /// Pairs x instances.
    price: Matrix,
    base: Matrix,
    occupancy: Matrix,
    policy: Matrix,
    /// States x instances, and what is left of the residual.
    potentials: Matrix,
    /// Constraints x (pairs + 1) x instances.
    kept: Buffer,
    /// Constraints x instances.
    queues: Matrix,
    visits: Buffer,
    moves: Buffer,
    begun: Buffer,
}

/// What the steps go by.
#[derive(Debug, Clone, Copy)]
struct Settings {
    v: f32,
    alpha: f32,
    mix: f32,
    tolerance: f32,
    /// Sweeps of a solve, and of one dispatch, at most.
    sweeps: u32,
    at_once: u32,
}

/// What an episode came to.
#[derive(Debug, Clone, Copy)]
pub struct Episode<'a> {
    /// What was done.
    pub path: &'a Path,
    /// The loss of each pair, pairs x instances, from 0 to 1.
    pub loss: &'a Matrix,
    /// Of each constraint the cost of each pair, constraints x pairs rows x instances.
    pub costs: &'a Matrix,
    /// What costs may come to in an episode, constraints x instances.
    pub budgets: &'a Matrix,
}

/// What [`UcPd::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct UcPdBuilder {
    ctx: Context,
    layers: Layers,
    instances: usize,
    constraints: usize,
    horizon: u32,
    v: Option<f32>,
    alpha: Option<f32>,
    mix: Option<f32>,
    tolerance: f32,
    sweeps: u32,
}

impl UcPdBuilder {
    /// Sets the number of constraints; none without it.
    pub fn constraints(mut self, count: usize) -> Self {
        self.constraints = count;
        self
    }

    /// Sets for how many episodes it is meant (`T`); 10,000 without it.
    pub fn horizon(mut self, episodes: u32) -> Self {
        self.horizon = episodes;
        self
    }

    /// Sets the weight of losses beside queues; `L sqrt(T)` without it.
    pub fn v(mut self, weight: f32) -> Self {
        self.v = Some(weight);
        self
    }

    /// Sets how strongly a decision is held near the last; `L T` without it.
    pub fn alpha(mut self, weight: f32) -> Self {
        self.alpha = Some(weight);
        self
    }

    /// Sets the share of uniform occupancies that a decision begins with; `1 / T` without it.
    pub fn mix(mut self, share: f32) -> Self {
        self.mix = Some(share);
        self
    }

    /// Sets the residual that is small enough; 1e-5 without it.
    pub fn tolerance(mut self, residual: f32) -> Self {
        self.tolerance = residual;
        self
    }

    /// Sets how many sweeps over the layers a decision takes at most; 512 without it.
    pub fn sweeps(mut self, most: u32) -> Self {
        self.sweeps = most;
        self
    }

    /// The memory of all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no instance, episode or sweep, or a weight is not finite or not
    /// above zero; [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    #[allow(clippy::cast_precision_loss, reason = "weights that follow from the horizon are rounded")]
    pub fn build(self) -> Result<UcPd> {
        let Self { ctx, layers, instances, constraints, .. } = &self;
        let (ctx, instances, constraints) = (ctx, *instances, *constraints);
        word("instances", instances)?;
        for (name, count) in
            [("instances", instances), ("horizon", self.horizon as usize), ("sweeps", self.sweeps as usize)]
        {
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        let (steps, rounds) = (layers.steps() as f32, self.horizon as f32);
        let v = self.v.unwrap_or(steps * rounds.sqrt());
        let alpha = self.alpha.unwrap_or(steps * rounds);
        let mix = self.mix.unwrap_or(1.0 / rounds);
        for (name, value) in [("v", v), ("alpha", alpha), ("mix", mix), ("tolerance", self.tolerance)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::invalid(name, "a finite number above 0", value));
            }
        }
        if mix > 1.0 {
            return Err(Error::invalid("mix", "a share of at most 1", mix));
        }
        let at_once = self.sweeps_at_once()?;
        let (pairs, moves) = (layers.pairs(), layers.moves());
        let zeros = |rows: usize| Matrix::zeros(ctx, rows, instances);
        let repeated = |values: Vec<f32>| {
            let all: Vec<f32> =
                values.into_iter().flat_map(|value| std::iter::repeat_n(value, instances)).collect();
            Matrix::from_slice(ctx, &all, moves, instances)
        };
        let words = |rows: usize| ctx.allocate("embag.decide", rows as u64 * instances as u64 * 4);
        let kept = words(constraints * (pairs + 1))?;
        kept.check_bindable(ctx, || "constraints x pairs x instances".to_owned())?;
        let model = repeated(layers.unknown())?;
        model.place(ctx, "moves x instances")?;
        Ok(UcPd {
            ctx: ctx.clone(),
            layers: layers.clone(),
            constraints,
            settings: Settings { v, alpha, mix, tolerance: self.tolerance, sweeps: self.sweeps, at_once },
            places: Buffer::from_slice(ctx, &layers.words)?,
            model,
            anchor: repeated(layers.uniform())?,
            price: zeros(pairs)?,
            base: zeros(pairs)?,
            occupancy: zeros(pairs)?,
            policy: zeros(pairs)?,
            potentials: zeros(layers.all_states() + 1)?,
            kept,
            queues: zeros(constraints)?,
            visits: words(pairs)?,
            moves: words(moves)?,
            begun: words(pairs + 1)?,
        })
    }

    /// Sweeps of a dispatch: software adapters end loops that are too long, all of a thread's taken together.
    fn sweeps_at_once(&self) -> Result<u32> {
        const MOST: u32 = 128;
        let layers = &self.layers;
        // a layer's moves are gone through three times in a sweep, and its pairs as often
        let steps = 4 * (layers.moves() + layers.pairs() + layers.all_states());
        let Some(limit) = self.ctx.loop_limit().map(|limit| limit as usize / 2) else { return Ok(MOST) };
        // what begins and ends a solve takes as long as a sweep each
        match (limit / steps).saturating_sub(2) {
            0 => {
                let expected = format!("at most {limit} steps of a sweep on a software adapter");
                Err(Error::invalid("layers", expected, steps))
            }
            at_once => Ok(u32::try_from(at_once).unwrap_or(MOST).min(MOST)),
        }
    }
}

impl UcPd {
    /// Describes as many instances of a process.
    pub fn builder(ctx: &Context, layers: &Layers, instances: usize) -> UcPdBuilder {
        UcPdBuilder {
            ctx: ctx.clone(),
            layers: layers.clone(),
            instances,
            constraints: 0,
            horizon: 10_000,
            v: None,
            alpha: None,
            mix: None,
            tolerance: 1e-5,
            sweeps: 512,
        }
    }

    /// How likely each action is in its state, pairs x instances. A state that the model does not reach has
    /// all its actions equally likely.
    #[must_use]
    pub fn policy(&self) -> &Matrix {
        &self.policy
    }

    /// How often each pair of state and action is expected in an episode, pairs x instances.
    #[must_use]
    pub fn occupancy(&self) -> &Matrix {
        &self.occupancy
    }

    /// The queue of each constraint, constraints x instances (`Q`): what a unit of its cost weighs.
    #[must_use]
    pub fn multipliers(&self) -> &Matrix {
        &self.queues
    }

    /// For each instance the largest difference between what comes to a state and what leaves it, in the last
    /// sweep of the last decision, 1 x instances.
    ///
    /// # Errors
    /// None of its own: the row is there.
    pub fn residual(&self) -> Result<Matrix> {
        self.potentials.row_range(self.layers.all_states(), 1)
    }

    /// For each instance how many epochs began.
    ///
    /// # Errors
    /// [`Error::Device`] if the device is lost.
    pub fn epochs(&self) -> Result<Vec<u32>> {
        let begun: Vec<u32> = self.begun.read(&self.ctx)?;
        Ok(begun[self.layers.pairs() * self.policy.cols()..].to_vec())
    }

    /// Records the next decision: [`policy`](Self::policy) and [`occupancy`](Self::occupancy) afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the recorder is of another context.
    pub fn record_decide(&mut self, rec: &mut Recorder) -> Result<()> {
        let instances = word("instances", self.policy.cols())?;
        let layers = word("layers", self.layers.steps())?;
        let actions = self.layers.actions;
        rec.whole(|rec| {
            let Settings { sweeps, at_once, .. } = self.settings;
            for first in (0..sweeps).step_by(at_once as usize) {
                let params = flow_solve::Params {
                    instances,
                    layers,
                    actions,
                    sweeps: at_once.min(sweeps - first),
                    first: u32::from(first == 0),
                    tolerance: self.settings.tolerance,
                };
                let bindings = flow_solve::Bindings {
                    places: self.places.clone(),
                    price: self.price.buffer().clone(),
                    model: self.model.buffer().clone(),
                    anchor: self.anchor.buffer().clone(),
                    base: self.base.buffer().clone(),
                    potentials: self.potentials.buffer().clone(),
                    occupancy: self.occupancy.buffer().clone(),
                };
                rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
            }
            if self.constraints > 0 {
                let params = queue_step::Params {
                    instances,
                    pairs: word("pairs", self.layers.pairs())?,
                    constraints: word("constraints", self.constraints)?,
                };
                let bindings = queue_step::Bindings {
                    kept: self.kept.clone(),
                    occupancy: self.occupancy.buffer().clone(),
                    queues: self.queues.buffer().clone(),
                };
                rec.dispatch(Dispatch::threads(0, &params, bindings, params.constraints * instances));
            }
            let params = policy_step::Params { instances, layers, actions, mix: self.settings.mix };
            let bindings = policy_step::Bindings {
                places: self.places.clone(),
                model: self.model.buffer().clone(),
                occupancy: self.occupancy.buffer().clone(),
                anchor: self.anchor.buffer().clone(),
                policy: self.policy.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
            Ok(())
        })
    }

    /// Records what an episode came to. Losses and costs must be finite.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape is another, the path is of other layers, or the recorder is of
    /// another context.
    pub fn record_observe(&mut self, rec: &mut Recorder, episode: &Episode<'_>) -> Result<()> {
        let (pairs, instances) = (self.layers.pairs(), self.policy.cols());
        let Episode { path, loss, costs, budgets } = episode;
        if path.layers != self.layers || path.instances != instances {
            let of = |layers: &Layers, instances: usize| {
                format!("{:?} states, {} actions, {instances} instances", layers.states, layers.actions)
            };
            return Err(Error::invalid(
                "path",
                of(&self.layers, instances),
                of(&path.layers, path.instances),
            ));
        }
        loss.check_shape("loss", pairs, instances)?;
        costs.check_shape("costs", self.constraints * pairs, instances)?;
        budgets.check_shape("budgets", self.constraints, instances)?;
        rec.whole(|rec| {
            self.record_price(rec, episode)?;
            let params = model_update::Params {
                instances: word("instances", instances)?,
                layers: word("layers", self.layers.steps())?,
                actions: self.layers.actions,
            };
            let bindings = model_update::Bindings {
                places: self.places.clone(),
                path: path.pairs.clone(),
                visits: self.visits.clone(),
                moves: self.moves.clone(),
                begun: self.begun.clone(),
                model: self.model.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.instances));
            Ok(())
        })
    }

    fn record_price(&self, rec: &mut Recorder, episode: &Episode<'_>) -> Result<()> {
        let loss = episode.loss.place(&self.ctx, "loss")?;
        // without constraints there is nothing to place, and nothing is read
        let placed = |matrix: &Matrix, name| match self.constraints {
            0 => Ok(loss.clone()),
            _ => matrix.place(&self.ctx, name),
        };
        let (costs, budgets) = (placed(episode.costs, "costs")?, placed(episode.budgets, "budgets")?);
        let params = flow_price::Params {
            instances: word("instances", self.policy.cols())?,
            pairs: word("pairs", self.layers.pairs())?,
            constraints: word("constraints", self.constraints)?,
            loss_base: loss.base,
            loss_stride: loss.stride,
            costs_base: costs.base,
            costs_stride: costs.stride,
            budgets_base: budgets.base,
            budgets_stride: budgets.stride,
            loss_rate: LOG2_E * self.settings.v / self.settings.alpha,
            cost_rate: LOG2_E / self.settings.alpha,
        };
        let bindings = flow_price::Bindings {
            loss: loss.binding,
            costs: costs.binding,
            budgets: budgets.binding,
            queues: self.queues.buffer().clone(),
            kept: self.kept.clone(),
            price: self.price.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.pairs * params.instances));
        Ok(())
    }

    fn matrices(&self) -> [(&'static str, &Matrix); 7] {
        [
            ("model", &self.model),
            ("anchor", &self.anchor),
            ("price", &self.price),
            ("occupancy", &self.occupancy),
            ("policy", &self.policy),
            ("potentials", &self.potentials),
            ("queues", &self.queues),
        ]
    }

    fn counts(&self) -> [(&'static str, &Buffer); 4] {
        [("kept", &self.kept), ("visits", &self.visits), ("moves", &self.moves), ("begun", &self.begun)]
    }

    /// Adds all that is kept to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        checkpoint.insert(
            &format!("{prefix}.layers"),
            &[self.layers.words.len()],
            self.layers.words.clone(),
        )?;
        for (name, matrix) in self.matrices() {
            let values = matrix.to_vec(&self.ctx)?;
            checkpoint.insert(&format!("{prefix}.{name}"), &[matrix.rows(), matrix.cols()], values)?;
        }
        for (name, buffer) in self.counts() {
            let words: Vec<u32> = buffer.read(&self.ctx)?;
            checkpoint.insert(&format!("{prefix}.{name}"), &[words.len()], words)?;
        }
        Ok(())
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of the same layers, instances and
    /// constraints.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there or another's; nothing is changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let named = |name: &str| format!("{prefix}.{name}");
        let words: &[u32] = checkpoint.tensor(&named("layers"), &[self.layers.words.len()])?;
        if words != self.layers.words {
            return Err(checkpoint.mismatch(named("layers"), format!("{:?}", self.layers.states), "others"));
        }
        let matrices = self.matrices().into_iter();
        let values = matrices
            .map(|(name, matrix)| checkpoint.tensor(&named(name), &[matrix.rows(), matrix.cols()]))
            .collect::<Result<Vec<&[f32]>>>()?;
        let counts = self.counts().into_iter();
        let words = counts
            .map(|(name, buffer)| {
                let len = usize::try_from(buffer.size() / 4).unwrap_or(usize::MAX);
                checkpoint.tensor(&named(name), &[len])
            })
            .collect::<Result<Vec<&[u32]>>>()?;
        for ((_, matrix), values) in self.matrices().into_iter().zip(values) {
            if matrix.rows() > 0 {
                matrix.write(&self.ctx, values)?;
            }
        }
        for ((_, buffer), words) in self.counts().into_iter().zip(words) {
            buffer.write(&self.ctx, 0, words)?;
        }
        Ok(())
    }
}
