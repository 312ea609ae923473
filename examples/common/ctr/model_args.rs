//! What the command line says of the model over the embeddings.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use embag::dense::{DhenLayer, Ensemble, Module};
use serde::{Deserialize, Serialize};

use super::args::{Name, agree, at_least_one};
use crate::data::DataError;

/// The arguments. Where none is given, the checkpoint's hold.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct ModelArgs {
    /// What makes a click's log odds of the embeddings [default: the checkpoint's, or dlrm]
    #[arg(long, value_enum)]
    pub model: Option<Kind>,
    /// Dcnv2, dhen, wukong: layers one after the other [default: the checkpoint's, or 2]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub layers: Option<NonZeroUsize>,
    /// Dhen: the interactions of every layer [default: the checkpoint's, or dot,linear]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,...")]
    pub modules: Option<Vec<ModuleName>>,
    /// Dhen: how a layer puts them together [default: the checkpoint's, or sum]
    #[arg(long, value_enum)]
    pub ensemble: Option<EnsembleName>,
    /// Dhen, wukong: vectors that every layer makes [default: the checkpoint's, or as many as the model
    /// begins with, one for each feature and one for the numeric columns]
    #[arg(long, value_name = "L", value_parser = at_least_one, allow_negative_numbers = true)]
    pub tokens: Option<NonZeroUsize>,
}

/// What makes log odds of embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The dot products of all pairs, and an MLP
    #[default]
    Dlrm,
    /// DCN-v2's cross layers of all values, and an MLP behind them
    Dcnv2,
    /// Layers of several interactions, and an MLP
    Dhen,
    /// Layers of factorization machines beside mixtures, half of the vectors each, and an MLP
    Wukong,
}

/// An interaction of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModuleName {
    /// The dot products of all pairs, projected
    Dot,
    /// The same with a hidden layer of 64 in between
    DeepDot,
    /// Mixtures of the vectors
    Linear,
    /// An MLP with a hidden layer of 64
    Mlp,
    /// An encoder layer of two heads with a hidden layer of 64, and mixtures
    Attention,
    /// The products of values rather than of vectors, projected
    Gram,
    /// Four convolutions of 3 x 3 over vectors and values, and mixtures
    Conv,
    /// DCN-v2's cross of all values, projected
    Cross,
    /// A factorization machine of rank 8 with a hidden layer of 64
    Fm,
}

/// How a layer puts its modules together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnsembleName {
    /// Each makes some of the layer's vectors
    Concat,
    /// Each makes all of them, and they are added
    #[default]
    Sum,
    /// The same, by weights that are trained
    Weighted,
}

/// Layers where nothing is said.
const LAYERS: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");
/// Outputs of a module's hidden layer.
const HIDDEN: usize = 64;
/// Of convolutions.
const CHANNELS: usize = 4;
/// Of attention.
const HEADS: usize = 2;
/// Of factorization machines.
const RANK: usize = 8;

/// What is over the embeddings, with all that decides it. A checkpoint keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    #[default]
    Dlrm,
    Dcnv2(Crosses),
    Dhen(Stack),
    Wukong(Layers),
}

/// How many cross layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crosses {
    pub layers: NonZeroUsize,
}

/// How many layers of how many vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layers {
    pub layers: NonZeroUsize,
    /// Vectors of every layer, if that was said.
    pub tokens: Option<NonZeroUsize>,
}

/// What decides how the layers look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    #[serde(flatten)]
    pub layers: Layers,
    pub modules: Vec<ModuleName>,
    pub ensemble: EnsembleName,
}

impl Over {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Dlrm => Kind::Dlrm,
            Self::Dcnv2(_) => Kind::Dcnv2,
            Self::Dhen(_) => Kind::Dhen,
            Self::Wukong(_) => Kind::Wukong,
        }
    }

    /// The stacked interactions of a model that begins with `tokens` vectors; none of DLRM and DCN-v2.
    pub fn layers(&self, tokens: usize) -> Vec<DhenLayer> {
        match self {
            Self::Dlrm | Self::Dcnv2(_) => Vec::new(),
            Self::Dhen(stack) => vec![stack.layer(stack.layers.tokens(tokens)); stack.layers.layers.get()],
            Self::Wukong(layers) => {
                let tokens = layers.tokens(tokens);
                vec![DhenLayer::wukong(tokens - tokens / 2, tokens / 2, RANK); layers.layers.get()]
            }
        }
    }
}

impl Layers {
    fn tokens(&self, default: usize) -> usize {
        self.tokens.map_or(default, NonZeroUsize::get)
    }
}

impl Stack {
    /// A layer of `tokens` vectors.
    fn layer(&self, tokens: usize) -> DhenLayer {
        let ensemble = match self.ensemble {
            EnsembleName::Concat => Ensemble::Concat,
            EnsembleName::Sum => Ensemble::Sum,
            EnsembleName::Weighted => Ensemble::WeightedSum,
        };
        let module = |name: &ModuleName| match name {
            ModuleName::Dot => Module::Dot { hidden: None },
            ModuleName::DeepDot => Module::Dot { hidden: Some(HIDDEN) },
            ModuleName::Linear => Module::Linear,
            ModuleName::Mlp => Module::Mlp { hidden: HIDDEN },
            ModuleName::Attention => Module::Attention { heads: HEADS, ff: HIDDEN },
            ModuleName::Gram => Module::Gram,
            ModuleName::Conv => Module::Conv { channels: CHANNELS },
            ModuleName::Cross => Module::Cross { rank: None },
            ModuleName::Fm => Module::Fm { rank: RANK, hidden: HIDDEN },
        };
        let empty = DhenLayer::new(tokens, ensemble);
        self.modules.iter().fold(empty, |layer, name| layer.module(module(name)))
    }
}

impl ModelArgs {
    /// What the run's model is; `saved` is that of the checkpoint it goes on from.
    pub fn over(&self, saved: Option<&Over>) -> Result<Over, DataError> {
        if let Some(saved) = saved {
            agree("--model", self.model.map(Name), Name(saved.kind()))?;
        }
        let kind = self.model.or(saved.map(Over::kind)).unwrap_or_default();
        let of_layers = [("--layers", self.layers.map(|layers| layers.to_string()))];
        let of_tokens = [("--tokens", self.tokens.map(|tokens| tokens.to_string()))];
        let of_modules = [
            ("--modules", self.modules.as_deref().map(listed)),
            ("--ensemble", self.ensemble.map(|name| Name(name).to_string())),
        ];
        let (unused, expected): (Vec<_>, _) = match kind {
            Kind::Dlrm => {
                let all = of_layers.into_iter().chain(of_tokens).chain(of_modules);
                (all.collect(), "none with --model dlrm")
            }
            Kind::Dcnv2 => (of_tokens.into_iter().chain(of_modules).collect(), "none with --model dcnv2"),
            Kind::Wukong => (of_modules.into(), "none with --model wukong"),
            Kind::Dhen => (Vec::new(), ""),
        };
        if let Some((name, got)) = unused.into_iter().find_map(|(name, value)| Some((name, value?))) {
            return Err(DataError::argument(name, expected, got));
        }
        match (kind, saved) {
            (Kind::Dlrm, _) => Ok(Over::Dlrm),
            (Kind::Dcnv2, Some(Over::Dcnv2(saved))) => {
                agree("--layers", self.layers, saved.layers)?;
                Ok(Over::Dcnv2(saved.clone()))
            }
            (Kind::Dcnv2, _) => Ok(Over::Dcnv2(Crosses { layers: self.layers.unwrap_or(LAYERS) })),
            (Kind::Wukong, Some(Over::Wukong(saved))) => Ok(Over::Wukong(self.layers(Some(saved))?)),
            (Kind::Wukong, _) => Ok(Over::Wukong(self.layers(None)?)),
            (Kind::Dhen, Some(Over::Dhen(saved))) => {
                agree("--modules", self.modules.as_deref().map(listed), listed(&saved.modules))?;
                agree("--ensemble", self.ensemble.map(Name), Name(saved.ensemble))?;
                Ok(Over::Dhen(Stack { layers: self.layers(Some(&saved.layers))?, ..saved.clone() }))
            }
            (Kind::Dhen, _) => Ok(Over::Dhen(Stack {
                layers: self.layers(None)?,
                modules: self.modules.clone().unwrap_or_else(|| vec![ModuleName::Dot, ModuleName::Linear]),
                ensemble: self.ensemble.unwrap_or_default(),
            })),
        }
    }

    fn layers(&self, saved: Option<&Layers>) -> Result<Layers, DataError> {
        if let Some(saved) = saved {
            agree("--layers", self.layers, saved.layers)?;
            let tokens =
                |tokens: Option<NonZeroUsize>| tokens.map_or("default".to_owned(), |n| n.to_string());
            agree("--tokens", self.tokens.map(|given| tokens(Some(given))), tokens(saved.tokens))?;
            return Ok(saved.clone());
        }
        Ok(Layers { layers: self.layers.unwrap_or(LAYERS), tokens: self.tokens })
    }
}

/// Modules as the command line has them.
fn listed(modules: &[ModuleName]) -> String {
    modules.iter().map(|&module| Name(module).to_string()).collect::<Vec<_>>().join(",")
}
