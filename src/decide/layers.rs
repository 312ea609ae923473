//! Loop-free processes.

use crate::device::{Buffer, word};
use crate::kernels::decide::places;
use crate::{Context, Error, Result};

/// A process without loops: every episode begins in the one state of the first layer, takes an action and
/// comes to a state of the next layer, until the one state of the last.
///
/// Matrices have a row for each pair of state and action of the layers but the last, layer after layer,
/// states in their order, a state's actions side by side ([`pair`](Self::pair)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    pub(super) states: Vec<u32>,
    pub(super) actions: u32,
    /// As in `decide/places.wgsl`.
    pub(super) words: Vec<u32>,
}

impl Layers {
    /// Layers of so many states, in each of which one takes one of so many actions.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are fewer than two layers, a layer without a state, no action, or
    /// a first or last layer of more than one state.
    pub fn new(states: &[usize], actions: usize) -> Result<Self> {
        let counts = states.iter().map(|&count| word("states", count)).collect::<Result<Vec<_>>>()?;
        let actions = word("actions", actions)?;
        let (Some(first), Some(last), true) = (counts.first(), counts.last(), counts.len() > 1) else {
            return Err(Error::invalid("layers", "at least 2", counts.len()));
        };
        if let Some(layer) = counts.iter().position(|&count| count == 0) {
            return Err(Error::invalid("states", "at least 1 in each layer", format!("0 in layer {layer}")));
        }
        for (name, count) in [("the first layer", *first), ("the last layer", *last)] {
            if count != 1 {
                return Err(Error::invalid(name, "1 state", count));
            }
        }
        if actions == 0 {
            return Err(Error::invalid("actions", "at least 1", 0));
        }
        let moves: u64 = counts.windows(2).map(|two| u64::from(two[0]) * u64::from(two[1])).sum();
        if moves.saturating_mul(actions.into()) > 1 << 30 {
            return Err(Error::invalid("layers", "at most 2^30 moves", moves.saturating_mul(actions.into())));
        }
        let words = places::words(&counts, actions);
        Ok(Self { states: counts, actions, words })
    }

    /// Layers with actions: all but the last.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.states.len() - 1
    }

    /// Pairs of state and action.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.word(2)
    }

    /// The row of an action in a state of a layer.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such layer, state or action.
    pub fn pair(&self, layer: usize, state: usize, action: usize) -> Result<usize> {
        let states = self.states[..self.steps()].get(layer).copied().unwrap_or(0) as usize;
        for (name, limit, got) in [
            ("layer", self.steps(), layer),
            ("state", states, state),
            ("action", self.actions as usize, action),
        ] {
            if got >= limit {
                return Err(Error::invalid(name, format!("a number below {limit}"), got));
            }
        }
        Ok(self.words[4 * layer + 2] as usize + state * self.actions as usize + action)
    }

    pub(super) fn moves(&self) -> usize {
        self.word(3)
    }

    pub(super) fn all_states(&self) -> usize {
        self.word(1) + 1
    }

    /// A word of the last layer.
    fn word(&self, which: usize) -> usize {
        self.words[4 * self.steps() + which] as usize
    }

    /// For each move its layer's share of one: the uniform occupancies.
    pub(super) fn uniform(&self) -> Vec<f32> {
        self.each_move(|states, next| 1.0 / (states * next * f64::from(self.actions)))
    }

    /// For each move, the share of a pair's moves: the model before anything is known.
    pub(super) fn unknown(&self) -> Vec<f32> {
        self.each_move(|_, next| 1.0 / next)
    }

    fn each_move(&self, of: impl Fn(f64, f64) -> f64) -> Vec<f32> {
        let layers = self.states.windows(2);
        let values = layers.flat_map(|two| {
            #[allow(clippy::cast_possible_truncation, reason = "a share is rounded")]
            let value = of(two[0].into(), two[1].into()) as f32;
            std::iter::repeat_n(value, (two[0] * two[1] * self.actions) as usize)
        });
        values.collect()
    }
}

/// What instances did in an episode: for each layer but the last, and each instance, state and action.
#[derive(Debug, Clone)]
pub struct Path {
    pub(super) layers: Layers,
    pub(super) instances: usize,
    pub(super) pairs: Buffer,
}

impl Path {
    /// Paths on the device: of every layer in turn, `state * actions + action` of each instance.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a layer is missing, or has no such state or action.
    pub fn from_slice(ctx: &Context, layers: &Layers, instances: usize, pairs: &[u32]) -> Result<Self> {
        if pairs.len() != layers.steps() * instances {
            let expected = format!("{} layers x {instances} instances", layers.steps());
            return Err(Error::invalid("path", expected, format!("{} pairs", pairs.len())));
        }
        for (layer, pairs) in pairs.chunks(instances.max(1)).enumerate() {
            let limit = layers.states[layer] * layers.actions;
            if let Some(instance) = pairs.iter().position(|&pair| pair >= limit) {
                let got = format!("{} of instance {instance}", pairs[instance]);
                return Err(Error::invalid("path", format!("pairs below {limit} in layer {layer}"), got));
            }
        }
        Ok(Self { layers: layers.clone(), instances, pairs: Buffer::from_slice(ctx, pairs)? })
    }
}
