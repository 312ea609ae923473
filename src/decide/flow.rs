//! How one side acts in a process of unknown moves: its model, its flow, and what it pays.

use super::counted::{Counted, Rule, repeated, uniform_policy};
use super::layers::{Layers, Moves, Path};
use super::observed::{MODERATE, Observed};
use super::plan::{Plan, Settings};
use super::saved::Saved;
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::{flow_price, flow_solve, policy_step, queue_step};
use crate::{Context, Error, Matrix, Recorder, Result};

/// How often every move is taken to have been seen before the first (Laplace's rule). A move that the model
/// takes to be impossible until it is seen would be held back by its logarithm under the anchor for some root
/// of the horizon's episodes: without it regret grows by a larger power.
const PRIOR: f32 = 1.0;

/// One side.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) counted: Counted,
    constraints: usize,
    settings: Settings,
    /// Pairs x instances.
    price: Matrix,
    pub(super) occupancy: Matrix,
    pub(super) policy: Matrix,
    /// Pairs x instances, or moves x instances where there is a radius.
    work: Matrix,
    /// Where there is a radius, the moves of the occupancies, moves x instances.
    chosen: Matrix,
    /// States x instances, and what is left of the residual.
    potentials: Matrix,
    /// Constraints x (pairs + 1) x instances.
    kept: Buffer,
}

impl Flow {
    /// `sign` is -1 where what is called a loss is a gain.
    pub(super) fn new(
        ctx: &Context,
        layers: &Layers,
        instances: usize,
        constraints: usize,
        plan: &Plan,
        sign: f32,
    ) -> Result<Self> {
        word("instances", instances)?;
        if instances == 0 {
            return Err(Error::invalid("instances", "at least 1", 0));
        }
        let settings = plan.settings(ctx, layers, sign)?;
        let (pairs, moves) = (layers.pairs(), layers.moves());
        let is_within = settings.radius > 0.0;
        let zeros = |rows: usize| Matrix::zeros(ctx, rows, instances);
        let kept = constraints as u64 * (pairs + 1) as u64 * instances as u64 * 4;
        let kept = ctx.allocate("embag.decide", kept)?;
        kept.check_bindable(ctx, || "constraints x pairs x instances".to_owned())?;
        let rule = Rule { epochs: true, prior: PRIOR, radius: settings.radius };
        let unknown = || repeated(ctx, &layers.unknown(), instances);
        Ok(Self {
            counted: Counted::new(ctx, layers, instances, rule)?,
            constraints,
            settings,
            price: zeros(pairs)?,
            occupancy: repeated(ctx, &layers.uniform(), instances)?,
            policy: uniform_policy(ctx, layers, instances)?,
            work: zeros(if is_within { moves } else { pairs })?,
            chosen: if is_within { unknown()? } else { zeros(1)? },
            potentials: zeros(layers.all_states() + 1)?,
            kept,
        })
    }

    pub(super) fn layers(&self) -> &Layers {
        &self.counted.layers
    }

    pub(super) fn instances(&self) -> usize {
        self.counted.instances()
    }

    /// The weight of losses beside queues.
    pub(super) fn v(&self) -> f32 {
        self.settings.v
    }

    /// Records the next occupancies.
    pub(super) fn record_solve(&self, rec: &mut Recorder) -> Result<()> {
        let [instances, layers, actions] = self.counted.words()?;
        let Settings { sweeps, at_once, tolerance, radius, mix, .. } = self.settings;
        let variant = if radius > 0.0 { flow_solve::WITHIN } else { flow_solve::EXACT };
        for begun in (0..sweeps).step_by(at_once as usize) {
            let sweeps = at_once.min(sweeps - begun);
            let first = u32::from(begun == 0);
            let params = flow_solve::Params { instances, layers, actions, sweeps, first, tolerance, mix };
            let bindings = flow_solve::Bindings {
                places: self.counted.places.clone(),
                price: self.price.buffer().clone(),
                model: self.counted.model.buffer().clone(),
                work: self.work.buffer().clone(),
                chosen: self.chosen.buffer().clone(),
                potentials: self.potentials.buffer().clone(),
                occupancy: self.occupancy.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(variant, &params, bindings, instances));
        }
        Ok(())
    }

    /// Records what the costs that are kept come to under the new occupancies, added to queues. Queues end
    /// at zero where `is_last` says that this was the last side.
    pub(super) fn record_queues(&self, rec: &mut Recorder, queues: &Matrix, is_last: bool) -> Result<()> {
        if self.constraints == 0 {
            return Ok(());
        }
        let params = queue_step::Params {
            instances: word("instances", self.instances())?,
            pairs: word("pairs", self.layers().pairs())?,
            constraints: word("constraints", self.constraints)?,
            least: if is_last { 0.0 } else { -f32::MAX },
        };
        let bindings = queue_step::Bindings {
            kept: self.kept.clone(),
            occupancy: self.occupancy.buffer().clone(),
            queues: queues.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.constraints * params.instances));
        Ok(())
    }

    /// Records the policy of the occupancies.
    pub(super) fn record_policy(&self, rec: &mut Recorder) -> Result<()> {
        let [instances, layers, actions] = self.counted.words()?;
        let params = policy_step::Params { instances, layers, actions };
        let bindings = policy_step::Bindings {
            places: self.counted.places.clone(),
            occupancy: self.occupancy.buffer().clone(),
            policy: self.policy.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
        Ok(())
    }

    /// Records an episode of the policy among true moves.
    pub(super) fn record_play(&self, rec: &mut Recorder, moves: &Moves, episode: u32) -> Result<Path> {
        self.counted.record_play(rec, &self.policy, moves, [self.settings.seed, episode], None)
    }

    /// Refuses what is not of this side.
    pub(super) fn check(&self, path: &Path, costs: &Observed) -> Result<()> {
        path.check(self.layers(), self.instances())?;
        costs.check("costs", self.constraints * self.layers().pairs(), self.instances(), MODERATE)
    }

    /// Records what pairs cost in the next decision: losses, and costs by the queues.
    pub(super) fn record_price(
        &self,
        rec: &mut Recorder,
        ctx: &Context,
        loss: &Matrix,
        [costs, budgets]: [&Matrix; 2],
        queues: &Matrix,
    ) -> Result<()> {
        let loss = loss.place(ctx, "loss")?;
        // without constraints there is nothing to place, and nothing is read
        let placed = |matrix: &Matrix, name| match self.constraints {
            0 => Ok(loss.clone()),
            _ => matrix.place(ctx, name),
        };
        let (costs, budgets) = (placed(costs, "costs")?, placed(budgets, "budgets")?);
        let params = flow_price::Params {
            instances: word("instances", self.instances())?,
            pairs: word("pairs", self.layers().pairs())?,
            constraints: word("constraints", self.constraints)?,
            loss_base: loss.base,
            loss_stride: loss.stride,
            costs_base: costs.base,
            costs_stride: costs.stride,
            budgets_base: budgets.base,
            budgets_stride: budgets.stride,
            loss_rate: self.settings.loss_rate,
            cost_rate: self.settings.cost_rate,
        };
        let bindings = flow_price::Bindings {
            loss: loss.binding,
            costs: costs.binding,
            budgets: budgets.binding,
            queues: queues.buffer().clone(),
            kept: self.kept.clone(),
            price: self.price.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.pairs * params.instances));
        Ok(())
    }

    /// For each instance the largest difference between what comes to a state and what leaves it.
    pub(super) fn residual(&self) -> Result<Matrix> {
        self.potentials.row_range(self.layers().all_states(), 1)
    }

    /// What a checkpoint has of a side.
    pub(super) fn saved(&self) -> Vec<Saved<'_>> {
        let mut saved = self.counted.saved();
        saved.extend([
            Saved::Floats("chosen", &self.chosen),
            Saved::Floats("price", &self.price),
            Saved::Floats("occupancy", &self.occupancy),
            Saved::Floats("policy", &self.policy),
            Saved::Floats("potentials", &self.potentials),
            Saved::Words("kept", &self.kept),
        ]);
        saved
    }
}
