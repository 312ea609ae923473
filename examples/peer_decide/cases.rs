//! What is timed: a step of every instance.

use embag::decide::{
    Bout, Episode, FictitiousPlay, Game, Layers, MirrorProx, Observed, Path, TdMethod, Transition, UcPd,
    ValueNet,
};
use embag::{Context, Matrix, Recorder, Result};

use crate::inputs::{self, observed, path, sets, turn};

/// Rounds that every method is meant for.
const HORIZON: u32 = 1000;

pub trait Case {
    fn record(&mut self, rec: &mut Recorder, step: u32) -> Result<()>;

    /// What changes from step to step, and where all its numbers begin.
    fn learned(&self) -> (Vec<&Matrix>, f64);
}

/// Numbers from 0 to 1.
const UNIT: (f32, f32) = (0.0, 1.0);

/// A process of unknown moves with a budget.
pub struct Process {
    pd: UcPd,
    /// Of every set path, losses and costs.
    episodes: Vec<(Path, Observed, Observed)>,
    budgets: Observed,
}

impl Process {
    pub fn new(ctx: &Context, instances: usize) -> Result<Self> {
        let layers = Layers::new(&[1, 4, 4, 1], 4)?;
        let pairs = (layers.pairs(), instances);
        let episodes = sets(|set| {
            let path = path(ctx, &layers, &[4, 16, 16], (inputs::PATHS[0], set), instances)?;
            let loss = observed(ctx, (inputs::LOSSES, set), pairs, UNIT)?;
            Ok((path, loss, observed(ctx, (inputs::COSTS, set), pairs, UNIT)?))
        })?;
        let described =
            UcPd::builder(ctx, &layers, instances).constraints(1).horizon(HORIZON).tolerance(1e-5);
        Ok(Self {
            pd: described.build()?,
            episodes,
            budgets: observed(ctx, (inputs::BUDGETS, 0), (1, instances), (1.0, 0.5))?,
        })
    }
}

impl Case for Process {
    fn record(&mut self, rec: &mut Recorder, step: u32) -> Result<()> {
        let (path, loss, costs) = turn(&self.episodes, step);
        self.pd.record_decide(rec)?;
        self.pd.record_observe(rec, &Episode { path, loss, costs, budgets: &self.budgets })
    }

    fn learned(&self) -> (Vec<&Matrix>, f64) {
        (vec![self.pd.policy()], 0.25)
    }
}

/// A game of two sides with states of their own.
pub struct Play {
    game: FictitiousPlay,
    /// Of every set the paths of both sides, and rewards.
    bouts: Vec<([Path; 2], Observed)>,
}

impl Play {
    pub fn new(ctx: &Context, instances: usize) -> Result<Self> {
        let layers = Layers::new(&[1, 2, 2, 1], 2)?;
        let bouts = sets(|set| {
            let [first, second] =
                inputs::PATHS.map(|of| path(ctx, &layers, &[2, 4, 4], (of, set), instances));
            Ok(([first?, second?], observed(ctx, (inputs::REWARDS, set), (3, instances), UNIT)?))
        })?;
        let game = Game::independent(&layers, &layers)?;
        Ok(Self { game: FictitiousPlay::builder(ctx, &game, instances).horizon(HORIZON).build()?, bouts })
    }
}

impl Case for Play {
    fn record(&mut self, rec: &mut Recorder, step: u32) -> Result<()> {
        let ([first, second], rewards) = turn(&self.bouts, step);
        self.game.record_decide(rec)?;
        self.game.record_observe(rec, &Bout { paths: [first, second], rewards })
    }

    fn learned(&self) -> (Vec<&Matrix>, f64) {
        (self.game.policies().to_vec(), 0.5)
    }
}

/// A mix of twenty under three floors.
pub struct Mix {
    mix: MirrorProx,
    losses: Vec<Observed>,
}

impl Mix {
    pub fn new(ctx: &Context, instances: usize) -> Result<Self> {
        const ENTRIES: usize = 20;
        let described = MirrorProx::builder(ctx, ENTRIES, instances).horizon(HORIZON);
        let described =
            described.floor(&[0, 1, 2, 3], 0.3)?.floor(&[4, 5, 6, 7], 0.2)?.floor(&[8, 9], 0.2)?;
        let losses = sets(|set| observed(ctx, (inputs::LOSSES, set), (ENTRIES, instances), UNIT))?;
        Ok(Self { mix: described.build()?, losses })
    }
}

impl Case for Mix {
    fn record(&mut self, rec: &mut Recorder, step: u32) -> Result<()> {
        self.mix.record_decide(rec)?;
        self.mix.record_observe(rec, turn(&self.losses, step))
    }

    fn learned(&self) -> (Vec<&Matrix>, f64) {
        (vec![self.mix.point()], 0.05)
    }
}

/// Values of states by temporal differences.
pub struct Values {
    net: ValueNet,
    /// Of every set the state, the next one and the reward.
    transitions: Vec<[Observed; 3]>,
}

impl Values {
    pub fn new(ctx: &Context, instances: usize) -> Result<Self> {
        const FEATURES: usize = 43;
        // states of a length of one or so, for which the steps are meant
        let state = |of, set| observed(ctx, (of, set), (FEATURES, instances), (-0.25, 0.5));
        let transitions = sets(|set| {
            let reward = observed(ctx, (inputs::REWARDS, set), (1, instances), UNIT)?;
            Ok([state(inputs::STATES, set)?, state(inputs::NEXT, set)?, reward])
        })?;
        let net = ValueNet::builder(ctx, FEATURES, instances).method(TdMethod::VarianceReduced).build()?;
        Ok(Self { net, transitions })
    }
}

impl Case for Values {
    fn record(&mut self, rec: &mut Recorder, step: u32) -> Result<()> {
        let [state, next, reward] = turn(&self.transitions, step);
        self.net.record_step(rec, &Transition { state, next, reward })
    }

    fn learned(&self) -> (Vec<&Matrix>, f64) {
        (vec![self.net.weights()], 0.0)
    }
}
