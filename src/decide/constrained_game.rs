//! Games with budgets, against a rival who learns too.

use super::flow::Flow;
use super::game::{Game, Meetings, Worth};
use super::layers::{Layers, Moves, Path};
use super::observed::{AT_LEAST_0, Observed, UNIT};
use super::plan::{Plan, plan_methods};
use super::saved::{self, Part, Saved};
use crate::{Checkpoint, Context, Matrix, Recorder, Result};

/// Upper-confidence generalised Lagrangian policy optimisation (D. Ding, X. Wei, H. Yu, M. R. Jovanović,
/// "Provably efficient generalized Lagrangian policy optimization for safe multi-agent reinforcement
/// learning", L4DC 2023; the form of the steps is this crate's): two sides act, episode after episode, each
/// in a process whose moves are not known. The second pays what the first gets. Costs of both shall stay
/// within budgets that they share, in the long run.
///
/// Each side's decision is the flow `q` (or `p`) nearest to the last one, by what the last episode said:
///
/// ```text
/// q = argmax <V r p - sum_i Q_i g_i, q> - alpha KL(q P || anchor)     the first side, with costs g
/// p = argmin <V r q + sum_i Q_i h_i, p> + alpha KL(p P'|| anchor')    the second side, with costs h
/// Q_i = max(Q_i + <g_i, q> + <h_i, p> - c_i, 0)                        a queue for each constraint
/// ```
///
/// The price `Q` is cooperative: both sides pay it for their own costs. A side's own budget is a constraint
/// in which the other's costs are zero. Models, anchors and weights are those of [`UcPd`](super::UcPd).
///
/// ```
/// use embag::decide::{ConstrainedGame, Encounter, Layers, Moves, Observed};
/// use embag::{Context, Recorder};
///
/// let ctx = Context::cpu();
/// let layers = Layers::new(&[1, 1], 2)?; // one decision a day, low or high
/// let described = ConstrainedGame::builder(&ctx, [&layers, &layers], 8).constraints(1).horizon(200);
/// let mut game = described.build()?;
/// // a high bid wins against a low one; each costs 1, and both together may make one a day
/// let meetings = game.game().meetings();
/// let won = [0.5, 0.0, 1.0, 0.5].map(|reward| [reward; 8]).concat();
/// let rewards = Observed::from_slice(&ctx, &won, meetings, 8)?;
/// let costs = Observed::from_slice(&ctx, &[[0.0; 8], [1.0; 8]].concat(), layers.pairs(), 8)?;
/// let budgets = Observed::from_slice(&ctx, &[1.0; 8], 1, 8)?;
/// let moves = Moves::from_fn(&ctx, &layers, 8, |_| 1.0)?; // there is one state to come to
/// for episode in 0..200 {
///     let mut rec = Recorder::new(&ctx);
///     game.record_decide(&mut rec)?;
///     let [own, rival] = game.record_play(&mut rec, [&moves, &moves], episode)?; // elsewhere, what was done
///     let paths = [&own, &rival];
///     let costs = [&costs; 2];
///     game.record_observe(&mut rec, &Encounter { paths, rewards: &rewards, costs, budgets: &budgets })?;
///     rec.run()?;
/// }
/// let high = game.policies()[0].to_vec(&ctx)?[8];
/// assert!((high - 0.5).abs() < 0.1, "{high}");
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct ConstrainedGame {
    ctx: Context,
    meetings: Meetings,
    constraints: usize,
    sides: [Flow; 2],
    /// Pairs x instances, of either side.
    payoffs: [Matrix; 2],
    /// Constraints x instances.
    queues: Matrix,
    /// Constraints x instances: the second side's costs add to queues that have the budget already.
    no_budgets: Matrix,
}

/// What an episode of a [`ConstrainedGame`] came to.
#[derive(Debug, Clone, Copy)]
pub struct Encounter<'a> {
    /// What either side did.
    pub paths: [&'a Path; 2],
    /// What the first side gets from the second in each meeting, meetings x instances, from 0 to 1.
    pub rewards: &'a Observed,
    /// Of each constraint the cost of each pair, of either side: row `constraint * pairs + pair`, a
    /// column for each instance.
    pub costs: [&'a Observed; 2],
    /// What costs of both may come to in an episode, constraints x instances.
    pub budgets: &'a Observed,
}

/// What [`ConstrainedGame::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct ConstrainedGameBuilder {
    ctx: Context,
    layers: [Layers; 2],
    instances: usize,
    constraints: usize,
    plan: Plan,
}

impl ConstrainedGameBuilder {
    plan_methods!("rewards", "ConstrainedGame::record_play");

    /// The memory of all instances.
    ///
    /// # Errors
    /// Those of [`UcPdBuilder::build`](super::UcPdBuilder::build), and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the sides have not as many layers.
    pub fn build(self) -> Result<ConstrainedGame> {
        let Self { ctx, layers: [first, second], instances, constraints, plan } = self;
        let game = Game::independent(&first, &second)?;
        // sides that draw alike would meet alike
        let rival = Plan { seed: plan.seed ^ RIVAL, ..plan.clone() };
        let sides = [
            Flow::new(&ctx, &first, instances, constraints, &plan, -1.0)?,
            Flow::new(&ctx, &second, instances, constraints, &rival, 1.0)?,
        ];
        let zeros = |rows: usize| Matrix::zeros(&ctx, rows, instances);
        Ok(ConstrainedGame {
            meetings: Meetings::new(&ctx, &game)?,
            constraints,
            sides,
            payoffs: [zeros(first.pairs())?, zeros(second.pairs())?],
            queues: zeros(constraints)?,
            no_budgets: zeros(constraints)?,
            ctx,
        })
    }
}

/// What the second side's draws differ by.
pub(super) const RIVAL: u32 = 0x9e37_79b9;

impl ConstrainedGame {
    /// Describes as many instances of a game of sides with states of their own, over as many layers.
    pub fn builder(ctx: &Context, layers: [&Layers; 2], instances: usize) -> ConstrainedGameBuilder {
        let (layers, plan) = (layers.map(Layers::clone), Plan::default());
        ConstrainedGameBuilder { ctx: ctx.clone(), layers, instances, constraints: 0, plan }
    }

    /// The game, which says where meetings lie.
    #[must_use]
    pub fn game(&self) -> &Game {
        &self.meetings.game
    }

    /// How likely each action is in its state, pairs x instances, of either side.
    #[must_use]
    pub fn policies(&self) -> [&Matrix; 2] {
        self.sides.each_ref().map(|side| &side.policy)
    }

    /// How often each pair of state and action is expected in an episode, pairs x instances, of either
    /// side.
    #[must_use]
    pub fn occupancies(&self) -> [&Matrix; 2] {
        self.sides.each_ref().map(|side| &side.occupancy)
    }

    /// The queue of each constraint, constraints x instances (`Q`): what a unit of its cost weighs, beside
    /// rewards of weight [`v`](Self::v).
    #[must_use]
    pub fn multipliers(&self) -> &Matrix {
        &self.queues
    }

    /// What rewards weigh beside queues (`V`): [`multipliers`](Self::multipliers) over it say what a unit
    /// of each constraint's cost is worth, in rewards.
    #[must_use]
    pub fn v(&self) -> f32 {
        self.sides[0].v()
    }

    /// As [`UcPd::residual`](super::UcPd::residual), of either side.
    ///
    /// # Errors
    /// None of its own: the rows are there.
    pub fn residuals(&self) -> Result<[Matrix; 2]> {
        Ok([self.sides[0].residual()?, self.sides[1].residual()?])
    }

    /// For each instance how many epochs began, of either side.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device is lost.
    pub fn epochs(&self) -> Result<[Vec<u32>; 2]> {
        Ok([self.sides[0].counted.epochs(&self.ctx)?, self.sides[1].counted.epochs(&self.ctx)?])
    }

    /// Records the next decisions: [`policies`](Self::policies) and [`occupancies`](Self::occupancies)
    /// afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the recorder is of another context.
    pub fn record_decide(&mut self, rec: &mut Recorder) -> Result<()> {
        rec.whole(|rec| {
            for (side, is_last) in self.sides.iter().zip([false, true]) {
                side.record_solve(rec)?;
                side.record_queues(rec, &self.queues, is_last)?;
                side.record_policy(rec)?;
            }
            Ok(())
        })
    }

    /// Records an episode of both policies in processes whose moves are known, as
    /// [`UcPd::record_play`](super::UcPd::record_play) does.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if moves are of other layers or instances,
    /// or the recorder is of another context.
    pub fn record_play(&mut self, rec: &mut Recorder, moves: [&Moves; 2], episode: u32) -> Result<[Path; 2]> {
        let [first, second] = &self.sides;
        rec.whole(|rec| {
            Ok([first.record_play(rec, moves[0], episode)?, second.record_play(rec, moves[1], episode)?])
        })
    }

    /// Records what an episode came to.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a shape is another, a reward is not
    /// from 0 to 1, a budget is below 0, a path is of other layers, or the recorder is of another
    /// context.
    pub fn record_observe(&mut self, rec: &mut Recorder, encounter: &Encounter<'_>) -> Result<()> {
        let Encounter { paths, rewards, costs, budgets } = encounter;
        let instances = self.queues.cols();
        for ((side, path), costs) in self.sides.iter().zip(paths).zip(costs) {
            side.check(path, costs)?;
        }
        rewards.check("rewards", self.game().meetings(), instances, UNIT)?;
        budgets.check("budgets", self.constraints, instances, AT_LEAST_0)?;
        let budgets = [budgets.matrix(), &self.no_budgets];
        rec.whole(|rec| {
            for (own, side) in self.sides.iter().enumerate() {
                let weights = &self.sides[1 - own].occupancy;
                let worth = Worth { rewards: rewards.matrix(), seen: None, weights };
                self.meetings.record_payoff(rec, &self.ctx, own, &worth, &self.payoffs[own])?;
                let paid = [costs[own].matrix(), budgets[own]];
                side.record_price(rec, &self.ctx, &self.payoffs[own], paid, &self.queues)?;
                side.counted.record_count(rec, paths[own])?;
            }
            Ok(())
        })
    }

    fn saved(&self, prefix: &str) -> [Part<'_>; 3] {
        let [first, second] = self.sides.each_ref().map(Flow::saved);
        let queues = vec![Saved::Floats("queues", &self.queues)];
        [
            (format!("{prefix}.first"), first),
            (format!("{prefix}.second"), second),
            (prefix.to_owned(), queues),
        ]
    }

    /// Adds all that is kept to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the names are taken;
    /// [`Error::Device`](crate::Error::Device) if the device is lost.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        saved::export(&self.ctx, checkpoint, &self.saved(prefix))
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of the same layers, instances and
    /// constraints, both with a confidence or both without. Horizon, weights and seed are those of the
    /// builder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) if it is not there or another's; nothing is changed
    /// then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        saved::import(&self.ctx, checkpoint, &self.saved(prefix))
    }
}
