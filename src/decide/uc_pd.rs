//! Markov decision processes with budgets, whose losses anyone may choose.

use super::flow::Flow;
use super::layers::{Layers, Moves, Path};
use super::observed::{AT_LEAST_0, Observed, UNIT};
use super::plan::{Plan, plan_methods};
use super::saved::{self, Saved};
use crate::{Checkpoint, Context, Matrix, Recorder, Result};

/// Upper-confidence primal-dual (S. Qiu, X. Wei, Z. Yang, J. Ye, Z. Wang, "Upper confidence primal-dual
/// reinforcement learning for CMDP with adversarial loss", NeurIPS 2020): how to act, episode after
/// episode, in a process whose moves are not known, on losses that are learned afterwards and may be
/// chosen by anyone, so that costs stay within budgets in the long run. Losses and costs are those of all
/// pairs of state and action, also of what was not done.
///
/// A decision is the flow `q` over pairs of state and action that is nearest to the last one, by what the
/// last episode's losses and costs say:
///
/// ```text
/// q   = argmin <V f + sum_i Q_i g_i, q> + alpha KL(q P || anchor)       over flows of the model P
/// Q_i = max(Q_i + <g_i, q> - c_i, 0)                                    a queue for each constraint
/// anchor = (1 - mix) last q P + mix uniform,   V = L sqrt(T),  alpha = L T,  mix = 1 / T
/// ```
///
/// with `L` layers with actions and `T` episodes ([`horizon`](UcPdBuilder::horizon)).
///
/// The model `P` is what was counted until the present epoch; an epoch ends when the visits of a pair of
/// state and action have doubled. With a [`confidence`](UcPdBuilder::confidence) above zero moves may be
/// anything whose distance to what was counted (in the sum of absolute differences) is within `confidence
/// sqrt(2 S log(T pairs / delta) / visits)`, for `S` next states: a decision then hopes for the best of
/// what has been seen little. The flow is found by iterative scaling, which makes no step that is worse,
/// wherever it begins; [`residual`](Self::residual) is how far flows are from being flows.
///
/// ```
/// use embag::decide::{Episode, Layers, Moves, Observed, UcPd};
/// use embag::{Context, Recorder};
///
/// let ctx = Context::cpu();
/// let layers = Layers::new(&[1, 2, 1], 2)?; // two decisions, two actions each
/// let instances = 8;
/// let mut pd = UcPd::builder(&ctx, &layers, instances).constraints(1).horizon(100).build()?;
/// // a simulation: either state follows as likely
/// let moves = Moves::from_fn(&ctx, &layers, instances, |to| if to.layer == 0 { 0.5 } else { 1.0 })?;
/// // the first action loses less, and costs more
/// let each = |values: [f32; 2]| values.map(|value| [value; 8]).concat().repeat(3);
/// let loss = Observed::from_slice(&ctx, &each([0.0, 1.0]), layers.pairs(), instances)?;
/// let costs = Observed::from_slice(&ctx, &each([1.0, 0.0]), layers.pairs(), instances)?;
/// let budgets = Observed::from_slice(&ctx, &[1.5; 8], 1, instances)?; // three times of four
/// for episode in 0..100 {
///     let mut rec = Recorder::new(&ctx);
///     pd.record_decide(&mut rec)?; // `pd.policy()` says how to act, once the recorder has run
///     let path = pd.record_play(&mut rec, &moves, episode)?; // elsewhere `Path::from_slice`: what was done
///     pd.record_observe(&mut rec, &Episode { path: &path, loss: &loss, costs: &costs, budgets: &budgets })?;
///     rec.run()?;
/// }
/// let policy = pd.policy().to_vec(&ctx)?;
/// let row = layers.pair(0, 0, 0)?; // of the first layer's state, the first action
/// let likely = &policy[row * instances..][..instances];
/// assert!(likely.iter().all(|likely| (0.6..0.9).contains(likely)), "{likely:?}");
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct UcPd {
    ctx: Context,
    constraints: usize,
    flow: Flow,
    /// Constraints x instances.
    queues: Matrix,
}

/// What an episode came to.
#[derive(Debug, Clone, Copy)]
pub struct Episode<'a> {
    /// What was done.
    pub path: &'a Path,
    /// The loss of each pair, pairs x instances, from 0 to 1.
    pub loss: &'a Observed,
    /// Of each constraint the cost of each pair, of about 1: row `constraint * pairs + pair`, a column
    /// for each instance.
    pub costs: &'a Observed,
    /// What costs may come to in an episode, constraints x instances.
    pub budgets: &'a Observed,
}

/// What [`UcPd::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct UcPdBuilder {
    ctx: Context,
    layers: Layers,
    instances: usize,
    constraints: usize,
    plan: Plan,
}

impl UcPdBuilder {
    plan_methods!("losses", "UcPd::record_play");

    /// The memory of all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no instance, episode or
    /// sweep, a weight is not finite or not above zero, `mix`, `confidence` or `delta` is not what it can
    /// be, or a software adapter could not sweep over the layers;
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) or [`Error::Device`](crate::Error::Device)
    /// if the memory cannot be had.
    pub fn build(self) -> Result<UcPd> {
        let Self { ctx, layers, instances, constraints, plan } = self;
        let flow = Flow::new(&ctx, &layers, instances, constraints, &plan, 1.0)?;
        let queues = Matrix::zeros(&ctx, constraints, instances)?;
        Ok(UcPd { ctx, constraints, flow, queues })
    }
}

impl UcPd {
    /// Describes as many instances of a process.
    pub fn builder(ctx: &Context, layers: &Layers, instances: usize) -> UcPdBuilder {
        let plan = Plan::default();
        UcPdBuilder { ctx: ctx.clone(), layers: layers.clone(), instances, constraints: 0, plan }
    }

    /// How likely each action is in its state, pairs x instances. A state that the model does not reach has
    /// all its actions equally likely.
    #[must_use]
    pub fn policy(&self) -> &Matrix {
        &self.flow.policy
    }

    /// How often each pair of state and action is expected in an episode, pairs x instances.
    #[must_use]
    pub fn occupancy(&self) -> &Matrix {
        &self.flow.occupancy
    }

    /// The queue of each constraint, constraints x instances (`Q`): what a unit of its cost weighs, beside
    /// losses of weight [`v`](Self::v).
    #[must_use]
    pub fn multipliers(&self) -> &Matrix {
        &self.queues
    }

    /// What losses weigh beside queues (`V`): [`multipliers`](Self::multipliers) over it say what a unit
    /// of each constraint's cost is worth, in losses.
    #[must_use]
    pub fn v(&self) -> f32 {
        self.flow.v()
    }

    /// For each instance the largest difference between what comes to a state and what leaves it, in the
    /// last sweep of the last decision, 1 x instances.
    ///
    /// # Errors
    /// None of its own: the row is there.
    pub fn residual(&self) -> Result<Matrix> {
        self.flow.residual()
    }

    /// For each instance how many epochs began.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device is lost.
    pub fn epochs(&self) -> Result<Vec<u32>> {
        self.flow.counted.epochs(&self.ctx)
    }

    /// Records the next decision: [`policy`](Self::policy) and [`occupancy`](Self::occupancy) afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the recorder is of another context.
    pub fn record_decide(&mut self, rec: &mut Recorder) -> Result<()> {
        rec.whole(|rec| {
            self.flow.record_solve(rec)?;
            self.flow.record_queues(rec, &self.queues, true)?;
            self.flow.record_policy(rec)
        })
    }

    /// Records an episode of the policy in a process whose moves are known, drawn by seed, episode and
    /// instance: for simulations. The path is a view of memory that the next call writes over.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the moves are of other layers or
    /// instances, or the recorder is of another context.
    pub fn record_play(&mut self, rec: &mut Recorder, moves: &Moves, episode: u32) -> Result<Path> {
        rec.whole(|rec| self.flow.record_play(rec, moves, episode))
    }

    /// Records what an episode came to.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a shape is another, a loss is not
    /// from 0 to 1, a budget is below 0, the path is of other layers, or the recorder is of another
    /// context.
    pub fn record_observe(&mut self, rec: &mut Recorder, episode: &Episode<'_>) -> Result<()> {
        let Episode { path, loss, costs, budgets } = episode;
        let instances = self.flow.instances();
        self.flow.check(path, costs)?;
        loss.check("loss", self.flow.layers().pairs(), instances, UNIT)?;
        budgets.check("budgets", self.constraints, instances, AT_LEAST_0)?;
        rec.whole(|rec| {
            let paid = [costs.matrix(), budgets.matrix()];
            self.flow.record_price(rec, &self.ctx, loss.matrix(), paid, &self.queues)?;
            self.flow.counted.record_count(rec, path)
        })
    }

    fn saved(&self) -> Vec<Saved<'_>> {
        let mut saved = self.flow.saved();
        saved.push(Saved::Floats("queues", &self.queues));
        saved
    }

    /// Adds all that is kept to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the names are taken;
    /// [`Error::Device`](crate::Error::Device) if the device is lost.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        saved::export(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved())])
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of the same layers, instances and
    /// constraints, both with a confidence or both without. Horizon, weights and seed are those of the
    /// builder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if it is not there or another's; nothing is changed
    /// then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        saved::import(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved())])
    }
}
