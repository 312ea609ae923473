//! Loop-free processes.

use crate::device::{Buffer, word};
use crate::kernels::decide::places;
use crate::{Context, Error, Matrix, Readback, Recorder, Result};

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
    /// [`Error::InvalidArgument`] if there are fewer than two layers, a layer without a state, no action, a
    /// first or last layer of more than one state, or more than 2^30 moves.
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
        let of_layers = counts.windows(2).map(|two| u64::from(two[0]) * u64::from(two[1]));
        let moves = of_layers.fold(0u64, u64::saturating_add);
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

    /// Moves: a next state for each pair.
    #[must_use]
    pub fn moves(&self) -> usize {
        self.word(3)
    }

    pub(super) fn all_states(&self) -> usize {
        self.word(1) + 1
    }

    /// A word of the last layer.
    fn word(&self, which: usize) -> usize {
        self.words[4 * self.steps() + which] as usize
    }

    /// For each pair its layer's share of one: the uniform occupancies.
    #[allow(clippy::cast_precision_loss, reason = "few states")]
    pub(super) fn uniform(&self) -> Vec<f32> {
        self.each_pair(|states, _| 1.0 / (states * self.actions) as f32, |_| 1)
    }

    /// For each move, the share of a pair's moves: the model before anything is known.
    #[allow(clippy::cast_precision_loss, reason = "few states")]
    pub(super) fn unknown(&self) -> Vec<f32> {
        self.each_pair(|_, next| 1.0 / next as f32, |next| next)
    }

    /// How many states are next, for each pair.
    pub(super) fn next_states(&self) -> Vec<u32> {
        self.each_pair(|_, next| next, |_| 1)
    }

    /// As many values of each pair as `count` says, by the states of its layer and of the next.
    fn each_pair<T: Clone>(&self, of: impl Fn(u32, u32) -> T, count: impl Fn(u32) -> u32) -> Vec<T> {
        let values = self.states.windows(2).flat_map(|two| {
            let values = two[0] * self.actions * count(two[1]);
            std::iter::repeat_n(of(two[0], two[1]), values as usize)
        });
        values.collect()
    }

    /// How it is named in errors, with so many instances.
    pub(super) fn described(&self, instances: usize) -> String {
        format!("{:?} states, {} actions, {instances} instances", self.states, self.actions)
    }
}

/// How likely the moves of a process are, for simulations: of each pair of state and action, and each
/// instance, shares of the states of the next layer.
#[derive(Debug, Clone)]
pub struct Moves {
    layers: Layers,
    pub(super) matrix: Matrix,
}

/// A move of an instance: what [`Moves::from_fn`] asks for the share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Whose it is.
    pub instance: usize,
    /// The layer it begins in.
    pub layer: usize,
    /// The state it begins in.
    pub state: usize,
    /// What is done there.
    pub action: usize,
    /// The state of the next layer that it leads to.
    pub next: usize,
}

impl Moves {
    /// Moves on the device, of which `share` says how likely each is.
    ///
    /// # Errors
    /// As [`from_slice`](Self::from_slice).
    pub fn from_fn(
        ctx: &Context,
        layers: &Layers,
        instances: usize,
        share: impl Fn(Move) -> f32,
    ) -> Result<Self> {
        let mut shares = Vec::new();
        let actions = layers.actions as usize;
        for (layer, two) in layers.states.windows(2).enumerate() {
            let [states, next_states] = [two[0] as usize, two[1] as usize];
            for (pair, next) in
                (0..states * actions).flat_map(|pair| (0..next_states).map(move |next| (pair, next)))
            {
                let (state, action) = (pair / actions, pair % actions);
                let of = |instance| share(Move { instance, layer, state, action, next });
                shares.extend((0..instances).map(of));
            }
        }
        Self::from_slice(ctx, layers, instances, &shares)
    }

    /// Moves on the device: a row for each pair and next state, pair after pair as [`Layers::pair`] counts
    /// them, a column for each instance.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are not as many, or those of a pair are not shares: at least 0,
    /// and 1 together.
    pub fn from_slice(ctx: &Context, layers: &Layers, instances: usize, shares: &[f32]) -> Result<Self> {
        if layers.moves().checked_mul(instances) != Some(shares.len()) {
            let expected = format!("{} moves x {instances} instances", layers.moves());
            return Err(Error::invalid("moves", expected, format!("{} shares", shares.len())));
        }
        let mut rows = shares.chunks(instances.max(1));
        for (pair, next) in layers.next_states().into_iter().enumerate() {
            let mut sums = vec![0.0; instances];
            for row in rows.by_ref().take(next as usize) {
                // a share below zero, or NaN, leaves no sum of one
                let add =
                    |(sum, share): (&mut f32, &f32)| *sum += if *share >= 0.0 { *share } else { f32::NAN };
                sums.iter_mut().zip(row).for_each(add);
            }
            if let Some(instance) = sums.iter().position(|sum| sum.is_nan() || (sum - 1.0).abs() > 1e-3) {
                let got = format!("{} of pair {pair} in instance {instance}", sums[instance]);
                return Err(Error::invalid("moves", "shares of at least 0 that add up to 1", got));
            }
        }
        let matrix = Matrix::from_slice(ctx, shares, layers.moves(), instances)?;
        Ok(Self { layers: layers.clone(), matrix })
    }

    pub(super) fn check(&self, layers: &Layers, instances: usize) -> Result<()> {
        if (&self.layers, self.matrix.cols()) == (layers, instances) {
            return Ok(());
        }
        let got = self.layers.described(self.matrix.cols());
        Err(Error::invalid("moves", layers.described(instances), got))
    }
}

/// What instances did in an episode. Element `layer * instances + instance` is `state * actions + action`,
/// counted within the layer: not the row of [`Layers::pair`], which counts those of the layers before, too.
#[derive(Debug, Clone)]
pub struct Path {
    pub(super) layers: Layers,
    pub(super) instances: usize,
    pub(super) pairs: Buffer,
}

impl Path {
    /// Paths on the device: of every layer but the last, `state * actions + action` of each instance.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a layer is missing, or has no such state or action.
    pub fn from_slice(ctx: &Context, layers: &Layers, instances: usize, pairs: &[u32]) -> Result<Self> {
        if layers.steps().checked_mul(instances) != Some(pairs.len()) {
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

    pub(super) fn new(layers: &Layers, instances: usize, pairs: Buffer) -> Self {
        Self { layers: layers.clone(), instances, pairs }
    }

    /// For each layer the pairs of all instances, `state * actions + action`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device is lost.
    pub fn to_vec(&self, ctx: &Context) -> Result<Vec<u32>> {
        self.pairs.read(ctx)
    }

    /// What [`to_vec`](Self::to_vec) gives, once the recorder has run.
    pub fn readback(&self, rec: &mut Recorder) -> Readback<u32> {
        rec.readback(&self.pairs)
    }

    pub(super) fn check(&self, layers: &Layers, instances: usize) -> Result<()> {
        if (&self.layers, self.instances) == (layers, instances) {
            return Ok(());
        }
        Err(Error::invalid("path", layers.described(instances), self.layers.described(self.instances)))
    }
}
