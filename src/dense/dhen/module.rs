//! What layers are made of, as users describe them.

use serde::{Deserialize, Serialize};

/// A kind of interaction, from the tokens of a layer's input to tokens of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Module {
    /// `U = W X` with `W` of `[l, m]`, without a bias.
    Linear,
    /// The dot products of all pairs of tokens, a hidden layer with relu if it is given, and a projection to `l *
    /// dim` values, with biases. It stands for the paper's AdvancedDLRM, whose inside is not published.
    Dot {
        /// Outputs of the hidden layer.
        hidden: Option<usize>,
    },
    /// Two linear layers with relu between them, on all values of the input.
    Mlp {
        /// Outputs of the first layer.
        hidden: usize,
    },
    /// An encoder layer of a transformer over the tokens, as torch's with norms behind its sums and without dropout,
    /// and a [`Module::Linear`] behind it.
    Attention {
        /// Heads, which share the values of a token.
        heads: usize,
        /// Outputs of the hidden layer that follows the attention, with relu.
        ff: usize,
    },
    /// Convolutions of 3 x 3 over tokens and values, zeros around them, and a [`Module::Linear`] of all tokens that
    /// they make.
    Conv {
        /// How many convolutions; each makes as many tokens as there are.
        channels: usize,
    },
    /// DCN-v2's cross of all values of the input, `x * (W x + b)` without its skip, and a projection to `l * dim`
    /// values.
    Cross {
        /// Makes `W` a product of two, if it is given.
        rank: Option<usize>,
    },
    /// `U = W (X^T X) + b` with `W` and `b` of `[l, dim]`: DHEN's DCN as it is printed.
    Gram,
    /// Wukong's factorization-machine block (Zhang et al., 2024): `X (X^T Y)` with a trained `Y` of `[m, rank]`,
    /// normed over all values, and two linear layers with relu between them.
    Fm {
        /// Columns of `Y`.
        rank: usize,
        /// Outputs of the first of the linear layers.
        hidden: usize,
    },
}

/// How a layer puts its modules' outputs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ensemble {
    /// Each module makes some of the layer's tokens.
    Concat,
    /// Each makes all of them, and they are added.
    Sum,
    /// Each makes all of them, and they are added by weights that are trained: the softmax of a value for each
    /// module, equal at first.
    WeightedSum,
}

/// One layer of a [`Dhen`](super::Dhen): how many tokens it makes, by which modules, and how these are put together.
///
/// ```
/// use embag::dense::{DhenLayer, Ensemble, Module};
///
/// let summed = DhenLayer::new(12, Ensemble::Sum).module(Module::Dot { hidden: None }).module(Module::Linear);
/// let shared = DhenLayer::new(12, Ensemble::Concat)
///     .module_of(8, Module::Dot { hidden: Some(64) })
///     .module_of(4, Module::Linear);
/// assert_eq!(summed.tokens(), shared.tokens());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhenLayer {
    pub(super) tokens: usize,
    pub(super) ensemble: Ensemble,
    /// With how many tokens each makes, if that was said.
    pub(super) modules: Vec<(Module, Option<usize>)>,
}

impl DhenLayer {
    /// A layer that makes `tokens` tokens, without modules yet.
    #[must_use]
    pub fn new(tokens: usize, ensemble: Ensemble) -> Self {
        Self { tokens, ensemble, modules: Vec::new() }
    }

    /// Adds a module that makes all tokens or, with [`Ensemble::Concat`], an equal share of them.
    #[must_use]
    pub fn module(mut self, module: Module) -> Self {
        self.modules.push((module, None));
        self
    }

    /// Adds a module that makes `tokens` tokens, for [`Ensemble::Concat`].
    #[must_use]
    pub fn module_of(mut self, tokens: usize, module: Module) -> Self {
        self.modules.push((module, Some(tokens)));
        self
    }

    /// A layer of Wukong (Zhang et al., 2024): `fm` tokens of a factorization-machine block with this rank and 128
    /// hidden outputs, beside `linear` tokens that are mixtures.
    #[must_use]
    pub fn wukong(fm: usize, linear: usize, rank: usize) -> Self {
        let block = Module::Fm { rank, hidden: 128 };
        Self::new(fm + linear, Ensemble::Concat).module_of(fm, block).module_of(linear, Module::Linear)
    }

    /// Tokens of the output.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }
}
