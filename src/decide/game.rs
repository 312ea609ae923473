//! Who meets whom in a game of two sides.

use super::layers::Layers;
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::game_payoff;
use crate::{Context, Error, Matrix, Recorder, Result};

/// A game of two sides over the same number of layers: in each, both act at once, and the first side gets
/// what the second loses, by where either is and what it does.
///
/// Rewards have a row for each meeting of a pair of the first side with a pair of the second
/// ([`meeting`](Self::meeting)), and a column for each instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Game {
    pub(super) sides: [Layers; 2],
    /// Both sides are in the same state, which the first moves.
    pub(super) is_shared: bool,
    /// Of each layer the first meeting, and how many a row has.
    pub(super) words: Vec<u32>,
    meetings: u32,
}

impl Game {
    /// Sides with states of their own, which each moves itself.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the sides have not as many layers, or there are too many meetings.
    pub fn independent(first: &Layers, second: &Layers) -> Result<Self> {
        if first.steps() != second.steps() {
            let got = format!("{} and {}", first.steps() + 1, second.steps() + 1);
            return Err(Error::invalid("layers", "as many of both sides", got));
        }
        Self::new([first.clone(), second.clone()], false)
    }

    /// Both sides are in the same state, which the first moves alone; the second has `actions` of its own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the second side has no action, or there are too many meetings.
    pub fn single_controller(first: &Layers, actions: usize) -> Result<Self> {
        let states: Vec<usize> = first.states.iter().map(|&states| states as usize).collect();
        Self::new([first.clone(), Layers::new(&states, actions)?], true)
    }

    fn new(sides: [Layers; 2], is_shared: bool) -> Result<Self> {
        let mut words = Vec::new();
        let mut meetings = 0u64;
        for k in 0..sides[0].steps() {
            let [rows, pairs] =
                sides.each_ref().map(|side| u64::from(side.states[k]) * u64::from(side.actions));
            let columns = if is_shared { u64::from(sides[1].actions) } else { pairs };
            for word in [meetings, columns] {
                words.push(u32::try_from(word).map_err(|_| too_many(word))?);
            }
            meetings = meetings.saturating_add(rows.saturating_mul(columns));
        }
        if meetings > 1 << 30 {
            return Err(too_many(meetings));
        }
        Ok(Self {
            sides,
            is_shared,
            words,
            meetings: word("meetings", usize::try_from(meetings).unwrap_or(usize::MAX))?,
        })
    }

    /// Rows of rewards.
    #[must_use]
    pub fn meetings(&self) -> usize {
        self.meetings as usize
    }

    /// The layers of either side. Where the first side moves all states, the second's are the first's with
    /// its own actions.
    #[must_use]
    pub fn layers(&self) -> [&Layers; 2] {
        self.sides.each_ref()
    }

    /// The row of what both do in a layer: state and action of the first side, and of the second.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such layer, state or action, or the states must be the same
    /// and are not.
    pub fn meeting(&self, layer: usize, first: (usize, usize), second: (usize, usize)) -> Result<usize> {
        let [own, rival] = [(0, first), (1, second)].map(|(side, (state, action))| {
            let layers = &self.sides[side];
            Ok(layers.pair(layer, state, action)? - layers.pair(layer, 0, 0)?)
        });
        let (own, rival) = (own?, rival?);
        if self.is_shared && first.0 != second.0 {
            return Err(Error::invalid(
                "second",
                format!("state {}", first.0),
                format!("state {}", second.0),
            ));
        }
        let [begin, columns] = [2 * layer, 2 * layer + 1].map(|word| self.words[word] as usize);
        Ok(begin + own * columns + rival % columns)
    }
}

fn too_many(meetings: u64) -> Error {
    Error::invalid("layers", "at most 2^30 meetings", meetings)
}

/// What the kernels read of a game.
#[derive(Debug)]
pub(super) struct Meetings {
    pub(super) game: Game,
    pub(super) words: Buffer,
    places: [Buffer; 2],
}

/// What pairs are worth by.
pub(super) struct Worth<'a> {
    /// Meetings x instances.
    pub(super) rewards: &'a Matrix,
    /// How often each was met, and what is added to what was met once.
    pub(super) seen: Option<(&'a Buffer, f32)>,
    /// The rival's pairs x instances.
    pub(super) weights: &'a Matrix,
}

impl Meetings {
    pub(super) fn new(ctx: &Context, game: &Game) -> Result<Self> {
        let places =
            [Buffer::from_slice(ctx, &game.sides[0].words)?, Buffer::from_slice(ctx, &game.sides[1].words)?];
        Ok(Self { game: game.clone(), words: Buffer::from_slice(ctx, &game.words)?, places })
    }

    /// Records what each pair of a side is worth.
    pub(super) fn record_payoff(
        &self,
        rec: &mut Recorder,
        ctx: &Context,
        side: usize,
        worth: &Worth<'_>,
        payoff: &Matrix,
    ) -> Result<()> {
        let sides = &self.game.sides;
        let rewards = worth.rewards.place(ctx, "rewards")?;
        let params = game_payoff::Params {
            instances: word("instances", payoff.cols())?,
            pairs: word("pairs", sides[side].pairs())?,
            actions: sides[side].actions,
            rival_actions: sides[1 - side].actions,
            side: u32::from(side == 1),
            shared_states: u32::from(self.game.is_shared),
            rewards_base: rewards.base,
            rewards_stride: rewards.stride,
            bonus: worth.seen.map_or(0.0, |(_, bonus)| bonus),
        };
        let bindings = game_payoff::Bindings {
            places: self.places[side].clone(),
            rival_places: self.places[1 - side].clone(),
            meetings: self.words.clone(),
            rewards: rewards.binding,
            counts: worth.seen.map_or(&self.words, |(counts, _)| counts).clone(),
            weights: worth.weights.buffer().clone(),
            payoff: payoff.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.pairs * params.instances));
        Ok(())
    }
}
