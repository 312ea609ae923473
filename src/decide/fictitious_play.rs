//! Games of unknown rewards and moves.

use std::f32::consts::LOG2_E;

use super::constrained_game::RIVAL;
use super::counted::{Counted, Rule, uniform_policy};
use super::game::{Game, Meetings, Worth};
use super::layers::{Layers, Moves, Path};
use super::observed::{Observed, UNIT};
use super::saved::{self, Part, Saved};
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::{backward_dp, payoff_update, reach};
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// Fictitious-play policy optimisation (S. Qiu, X. Wei, J. Ye, Z. Wang, Z. Yang, "Provably efficient
/// fictitious play policy optimization for zero-sum Markov games with structured transitions", ICML 2021):
/// two sides act, episode after episode, in processes whose moves and rewards are not known, each against the
/// last policy of the other. The first side wants rewards, the second to pay little.
///
/// For each side, from the last layer to the first, with all that was seen so far:
///
/// ```text
/// F(s, a) = sum over (t, b) of d(t, b) (r + bonus / sqrt(N(s, a, t, b))), from 0 to 1   d: the rival's reach
/// W(s, a) = F + P V' + bonus of the moves / sqrt(N(s, a)), from 0 to the layers left
/// V(s)    = <policy(s), W(s)>,  policy(a|s) = policy(a|s) exp(step W(s, a)), normalised
/// ```
///
/// With `bonus = scale sqrt(ln K)`, and that of the moves `scale H sqrt(2 S ln K)` for `S` next states, none
/// in the last layer. Bonuses are taken off, and the step is the other way, for the second side: each hopes
/// for the best of what has been seen little. Where the first side alone moves the states
/// ([`Game::single_controller`]) the second has a step for each state by how often the first reaches it.
///
/// ```
/// use embag::decide::{Bout, FictitiousPlay, Game, Layers, Moves, Observed};
/// use embag::{Context, Recorder};
///
/// let ctx = Context::cpu();
/// // matching pennies, 8 times: the first side wins where both show the same
/// let layers = Layers::new(&[1, 1], 2)?;
/// let game = Game::independent(&layers, &layers)?;
/// let mut play = FictitiousPlay::builder(&ctx, &game, 8).horizon(500).seed(7).build()?;
/// let moves = Moves::from_fn(&ctx, &layers, 8, |_| 1.0)?; // one state follows, whatever is done
/// let mut mean = 0.0;
/// for episode in 0..500 {
///     let mut rec = Recorder::new(&ctx);
///     play.record_decide(&mut rec)?;
///     let [own, rival] = play.record_play(&mut rec, [&moves, &moves], episode)?; // elsewhere, what was done
///     rec.run()?;
///     mean += play.policies()[0].to_vec(&ctx)?[0] / 500.0;
///     let (shown, answered) = (own.to_vec(&ctx)?, rival.to_vec(&ctx)?);
///     let won: Vec<f32> = shown.iter().zip(&answered).map(|(a, b)| if a == b { 1.0 } else { 0.0 }).collect();
///     let rewards = Observed::from_slice(&ctx, &won, 1, 8)?;
///     let mut rec = Recorder::new(&ctx);
///     play.record_observe(&mut rec, &Bout { paths: [&own, &rival], rewards: &rewards })?;
///     rec.run()?;
/// }
/// assert!((mean - 0.5).abs() < 0.15, "{mean}"); // either side as often
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct FictitiousPlay {
    ctx: Context,
    meetings: Meetings,
    sides: [Side; 2],
    settings: Settings,
    /// Meetings x instances.
    counts: Buffer,
    means: Matrix,
}

/// What the steps go by.
#[derive(Debug, Clone, Copy)]
struct Settings {
    /// In powers of two.
    rate: f32,
    /// What is added to a reward that was seen once, and to a pair with one next state.
    reward_bonus: f32,
    move_bonus: f32,
    seed: u32,
}

/// Software adapters end loops that are too long, all of a thread's taken together.
fn check_loops(ctx: &Context, layers: &Layers) -> Result<()> {
    // values go through the moves once, and through the pairs twice
    let steps = layers.moves() + 2 * layers.pairs() + layers.all_states();
    match ctx.loop_limit().map(|limit| limit as usize / 2).filter(|&limit| steps > limit) {
        None => Ok(()),
        Some(limit) => {
            let expected = format!("at most {limit} steps of a side on a software adapter");
            Err(Error::invalid("layers", expected, steps))
        }
    }
}

/// One side.
#[derive(Debug)]
struct Side {
    counted: Counted,
    /// Pairs x instances.
    occupancy: Matrix,
    payoff: Matrix,
    weights: Matrix,
    policy: Matrix,
    /// States x instances.
    values: Matrix,
    reached: Matrix,
}

impl Side {
    fn new(ctx: &Context, layers: &Layers, instances: usize) -> Result<Self> {
        let zeros = |rows: usize| Matrix::zeros(ctx, rows, instances);
        let rule = Rule { epochs: false, prior: 0.0, radius: 0.0 };
        Ok(Self {
            counted: Counted::new(ctx, layers, instances, rule)?,
            occupancy: zeros(layers.pairs())?,
            payoff: zeros(layers.pairs())?,
            weights: zeros(layers.pairs())?,
            policy: uniform_policy(ctx, layers, instances)?,
            values: zeros(layers.all_states())?,
            reached: zeros(layers.all_states())?,
        })
    }

    fn record_reach(&self, rec: &mut Recorder) -> Result<()> {
        let [instances, layers, actions] = self.counted.words()?;
        let params = reach::Params { instances, layers, actions };
        let bindings = reach::Bindings {
            places: self.counted.places.clone(),
            policy: self.policy.buffer().clone(),
            model: self.counted.model.buffer().clone(),
            reached: self.reached.buffer().clone(),
            occupancy: self.occupancy.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
        Ok(())
    }

    /// Records the step of the policy; `has_moves` says whether what the side does changes a state.
    fn record_step(&self, rec: &mut Recorder, has_moves: bool, rate: f32, bonus: f32) -> Result<()> {
        let [instances, layers, actions] = self.counted.words()?;
        let moves = u32::from(has_moves);
        let params = backward_dp::Params { instances, layers, actions, moves, rate, bonus };
        let bindings = backward_dp::Bindings {
            places: self.counted.places.clone(),
            payoff: self.payoff.buffer().clone(),
            model: self.counted.model.buffer().clone(),
            visits: self.counted.visits.clone(),
            weights: self.weights.buffer().clone(),
            policy: self.policy.buffer().clone(),
            values: self.values.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, instances));
        Ok(())
    }

    fn saved(&self) -> Vec<Saved<'_>> {
        let mut saved = self.counted.saved();
        saved.extend([Saved::Floats("weights", &self.weights), Saved::Floats("policy", &self.policy)]);
        saved
    }
}

/// What an episode of [`FictitiousPlay`] came to.
#[derive(Debug, Clone, Copy)]
pub struct Bout<'a> {
    /// What either side did.
    pub paths: [&'a Path; 2],
    /// What the first side got in each layer with actions, [`Layers::steps`] x instances, from 0 to 1.
    pub rewards: &'a Observed,
}

/// What [`FictitiousPlay::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct FictitiousPlayBuilder {
    ctx: Context,
    game: Game,
    instances: usize,
    horizon: u32,
    step: Option<f32>,
    bonus: f32,
    seed: u32,
}

impl FictitiousPlayBuilder {
    /// Sets for how many episodes it is meant (`K`); 10,000 without it.
    pub fn horizon(mut self, episodes: u32) -> Self {
        self.horizon = episodes;
        self
    }

    /// Sets the step of policies; `2 sqrt(ln A / K) / H` without it, for the most actions `A` and `H` layers.
    pub fn step(mut self, size: f32) -> Self {
        self.step = Some(size);
        self
    }

    /// Sets what is added for what has been seen little, times what the theory asks for; .1 without it.
    pub fn bonus(mut self, scale: f32) -> Self {
        self.bonus = scale;
        self
    }

    /// Sets what [`record_play`](FictitiousPlay::record_play) draws by; 0 without it.
    pub fn seed(mut self, seed: u32) -> Self {
        self.seed = seed;
        self
    }

    /// The memory of all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no instance or episode, or step or bonus is not finite or below
    /// zero, or a software adapter could not go through the layers; [`Error::LimitExceeded`] or
    /// [`Error::Device`] if the memory cannot be had.
    #[allow(clippy::cast_precision_loss, reason = "weights that follow from the horizon are rounded")]
    pub fn build(self) -> Result<FictitiousPlay> {
        let Self { ctx, game, instances, horizon, step, bonus, seed } = self;
        word("instances", instances)?;
        for (name, count) in [("instances", instances), ("horizon", horizon as usize)] {
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        let [first, second] = &game.sides;
        let (steps, rounds) = (first.steps() as f32, horizon as f32);
        let actions = first.actions.max(second.actions).max(2) as f32;
        let step = step.unwrap_or(2.0 * (actions.ln() / rounds).sqrt() / steps);
        for (name, value) in [("step", step), ("bonus", bonus)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::invalid(name, "a finite number of at least 0", value));
            }
        }
        for layers in [first, second] {
            check_loops(&ctx, layers)?;
        }
        let log = rounds.ln();
        let settings = Settings {
            rate: LOG2_E * step,
            reward_bonus: bonus * log.sqrt(),
            move_bonus: bonus * steps * (2.0 * log).sqrt(),
            seed,
        };
        let rows = game.meetings();
        let means = Matrix::zeros(&ctx, rows, instances)?;
        means.place(&ctx, "meetings x instances")?;
        Ok(FictitiousPlay {
            meetings: Meetings::new(&ctx, &game)?,
            sides: [Side::new(&ctx, first, instances)?, Side::new(&ctx, second, instances)?],
            settings,
            counts: ctx.allocate("embag.decide", rows as u64 * instances as u64 * 4)?,
            means,
            ctx,
        })
    }
}

impl FictitiousPlay {
    /// Describes as many instances of a game.
    pub fn builder(ctx: &Context, game: &Game, instances: usize) -> FictitiousPlayBuilder {
        let (ctx, game) = (ctx.clone(), game.clone());
        FictitiousPlayBuilder { ctx, game, instances, horizon: 10_000, step: None, bonus: 0.1, seed: 0 }
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

    /// What the episode is expected to be worth from each state on, states x instances, as either side hopes:
    /// a row for each state, layer after layer, and one of zeros for the last layer's. The second side's are
    /// what a state itself is worth where the first moves all states. They are those of the last decision; a
    /// checkpoint has none.
    #[must_use]
    pub fn values(&self) -> [&Matrix; 2] {
        self.sides.each_ref().map(|side| &side.values)
    }

    /// The mean of the rewards of each meeting, meetings x instances; 0 where there was none.
    #[must_use]
    pub fn rewards(&self) -> &Matrix {
        &self.means
    }

    /// Records the next policies, each against the last of the other side.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the recorder is of another context.
    pub fn record_decide(&mut self, rec: &mut Recorder) -> Result<()> {
        rec.whole(|rec| {
            let [first, second] = &self.sides;
            let is_shared = self.game().is_shared;
            first.record_reach(rec)?;
            if !is_shared {
                second.record_reach(rec)?;
            }
            for (own, sign) in [(0, 1.0), (1, -1.0)] {
                // whoever is in the same state is there for certain
                let weights = match (own, is_shared) {
                    (0, true) => &second.policy,
                    _ => &self.sides[1 - own].occupancy,
                };
                let seen = Some((&self.counts, sign * self.settings.reward_bonus));
                let worth = Worth { rewards: &self.means, seen, weights };
                self.meetings.record_payoff(rec, &self.ctx, own, &worth, &self.sides[own].payoff)?;
            }
            let Settings { rate, move_bonus, .. } = self.settings;
            first.record_step(rec, true, rate, move_bonus)?;
            second.record_step(rec, !is_shared, -rate, -move_bonus)
        })
    }

    /// Records an episode of both policies in processes whose moves are known, drawn by seed, episode and
    /// instance: for simulations. Where the first side moves all states only the first moves are read. The
    /// paths are views of memory that the next call writes over.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if moves are of other layers or instances, or the recorder is of another
    /// context.
    pub fn record_play(&mut self, rec: &mut Recorder, moves: [&Moves; 2], episode: u32) -> Result<[Path; 2]> {
        let [first, second] = &self.sides;
        let (seed, is_shared) = (self.settings.seed, self.game().is_shared);
        let (leader, second_moves) =
            if is_shared { (Some(&first.counted), moves[0]) } else { (None, moves[1]) };
        rec.whole(|rec| {
            let own = first.counted.record_play(rec, &first.policy, moves[0], [seed, episode], None)?;
            let draws = [seed ^ RIVAL, episode];
            let rival = second.counted.record_play(rec, &second.policy, second_moves, draws, leader)?;
            Ok([own, rival])
        })
    }

    /// Records what an episode came to. Where the first side moves all states, only the actions of the
    /// second's path are read.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape is another, a reward is not from 0 to 1, a path is of other
    /// layers, or the recorder is of another context.
    pub fn record_observe(&mut self, rec: &mut Recorder, bout: &Bout<'_>) -> Result<()> {
        let Bout { paths, rewards } = bout;
        let instances = self.means.cols();
        for (side, path) in self.sides.iter().zip(paths) {
            path.check(&side.counted.layers, instances)?;
        }
        let steps = self.sides[0].counted.layers.steps();
        rewards.check("rewards", steps, instances, UNIT)?;
        rec.whole(|rec| {
            self.sides[0].counted.record_count(rec, paths[0])?;
            if !self.game().is_shared {
                self.sides[1].counted.record_count(rec, paths[1])?;
            }
            let rewards = rewards.place(&self.ctx, "rewards")?;
            let params = payoff_update::Params {
                instances: word("instances", instances)?,
                layers: word("layers", steps)?,
                rewards_base: rewards.base,
                rewards_stride: rewards.stride,
            };
            let bindings = payoff_update::Bindings {
                meetings: self.meetings.words.clone(),
                path: paths[0].pairs.clone(),
                rival_path: paths[1].pairs.clone(),
                rewards: rewards.binding,
                counts: self.counts.clone(),
                means: self.means.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.instances));
            Ok(())
        })
    }

    fn saved(&self, prefix: &str) -> [Part<'_>; 3] {
        let [first, second] = self.sides.each_ref().map(Side::saved);
        let met = vec![
            Saved::Problem("meetings", self.meetings.game.words.clone()),
            Saved::Words("counts", &self.counts),
            Saved::Floats("rewards", &self.means),
        ];
        [(format!("{prefix}.first"), first), (format!("{prefix}.second"), second), (prefix.to_owned(), met)]
    }

    /// Adds all that is kept to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken; [`Error::Device`] if the device is lost.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        saved::export(&self.ctx, checkpoint, &self.saved(prefix))
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of the same game and instances. Horizon,
    /// step, bonus and seed are those of the builder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there or another's; nothing is changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        saved::import(&self.ctx, checkpoint, &self.saved(prefix))
    }
}
