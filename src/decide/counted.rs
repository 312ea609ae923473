//! What paths say of the moves of a process.

use super::layers::{Layers, Moves, Path};
use super::saved::Saved;
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::{model_update, play};
use crate::{Context, Matrix, Recorder, Result};

/// How the model follows from what was counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// It is that of the present epoch, and a new one begins where visits doubled.
    pub(super) epochs: bool,
    /// How often every move is taken to have been seen before the first.
    pub(super) prior: f32,
    /// How far moves of a pair with one next state that was visited once may be from it; 0: not at all.
    pub(super) radius: f32,
}

/// A process of which moves are counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) layers: Layers,
    pub(super) places: Buffer,
    /// Moves x instances; below them, where there is a radius, that of each pair.
    pub(super) model: Matrix,
    /// Pairs x instances.
    pub(super) visits: Buffer,
    rule: Rule,
    moves: Buffer,
    begun: Buffer,
    path: Buffer,
}

impl Counted {
    pub(super) fn new(ctx: &Context, layers: &Layers, instances: usize, rule: Rule) -> Result<Self> {
        let mut model = layers.unknown();
        if rule.radius > 0.0 {
            #[allow(clippy::cast_precision_loss, reason = "few states")]
            let radius = |next: &u32| (rule.radius * (*next as f32).sqrt()).min(2.0);
            model.extend(layers.next_states().iter().map(radius));
        }
        let model = repeated(ctx, &model, instances)?;
        let words = |rows: usize| ctx.allocate("embag.decide", rows as u64 * instances as u64 * 4);
        Ok(Self {
            layers: layers.clone(),
            places: Buffer::from_slice(ctx, &layers.words)?,
            model,
            visits: words(layers.pairs())?,
            rule,
            moves: words(layers.moves())?,
            begun: words(layers.pairs() + 1)?,
            path: words(layers.steps())?,
        })
    }

    pub(super) fn instances(&self) -> usize {
        self.model.cols()
    }

    /// Instances, layers with actions, and actions.
    pub(super) fn words(&self) -> Result<[u32; 3]> {
        Ok([word("instances", self.instances())?, word("layers", self.layers.steps())?, self.layers.actions])
    }

    /// Records what a path says.
    pub(super) fn record_count(&self, rec: &mut Recorder, path: &Path) -> Result<()> {
        let [instances, layers, actions] = self.words()?;
        let Rule { epochs, prior, radius } = self.rule;
        let params =
            model_update::Params { instances, layers, actions, epochs: u32::from(epochs), prior, radius };
        let bindings = model_update::Bindings {
            places: self.places.clone(),
            path: path.pairs.clone(),
            visits: self.visits.clone(),
            moves: self.moves.clone(),
            begun: self.begun.clone(),
            model: self.model.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
        Ok(())
    }

    /// Records an episode of a policy: among true moves, which are checked, or in the states of a leader that
    /// has played before.
    pub(super) fn record_play(
        &self,
        rec: &mut Recorder,
        policy: &Matrix,
        moves: &Moves,
        [seed, episode]: [u32; 2],
        leader: Option<&Self>,
    ) -> Result<Path> {
        moves.check(&leader.unwrap_or(self).layers, self.instances())?;
        let [instances, layers, actions] = self.words()?;
        let leader_actions = leader.map_or(0, |leader| leader.layers.actions);
        let params = play::Params { instances, layers, actions, seed, episode, leader_actions };
        let bindings = play::Bindings {
            places: self.places.clone(),
            policy: policy.buffer().clone(),
            moves: moves.matrix.buffer().clone(),
            leader: leader.map_or(&self.places, |leader| &leader.path).clone(),
            path: self.path.clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
        Ok(Path::new(&self.layers, self.instances(), self.path.clone()))
    }

    /// For each instance how many epochs began.
    pub(super) fn epochs(&self, ctx: &Context) -> Result<Vec<u32>> {
        let begun: Vec<u32> = self.begun.read(ctx)?;
        Ok(begun[self.layers.pairs() * self.instances()..].to_vec())
    }

    /// What a checkpoint has of it.
    pub(super) fn saved(&self) -> Vec<Saved<'_>> {
        vec![
            Saved::Problem("layers", self.layers.words.clone()),
            Saved::Floats("model", &self.model),
            Saved::Words("visits", &self.visits),
            Saved::Words("moves", &self.moves),
            Saved::Words("begun", &self.begun),
        ]
    }
}

/// All actions equally likely, pairs x instances.
pub(super) fn uniform_policy(ctx: &Context, layers: &Layers, instances: usize) -> Result<Matrix> {
    #[allow(clippy::cast_precision_loss, reason = "few actions")]
    let even = 1.0 / layers.actions as f32;
    repeated(ctx, &vec![even; layers.pairs()], instances)
}

/// A row for each value, which all instances have.
pub(super) fn repeated(ctx: &Context, values: &[f32], instances: usize) -> Result<Matrix> {
    let matrix = Matrix::zeros(ctx, values.len(), instances)?;
    // before as much memory is taken on the host
    matrix.place(ctx, "rows x instances")?;
    let all: Vec<f32> = values.iter().flat_map(|value| std::iter::repeat_n(*value, instances)).collect();
    matrix.write(ctx, &all)?;
    Ok(matrix)
}
