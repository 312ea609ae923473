//! What the command line says of the model over the embeddings.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use embag::dense::{DhenLayer, Ensemble, Module};
use serde::{Deserialize, Serialize};

use crate::args::{Name, agree, at_least_one};
use crate::data::DataError;

/// The arguments. Where none is given, the checkpoint's hold.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct ModelArgs {
    /// What makes a click's log odds of the embeddings [default: the checkpoint's, or dlrm]
    #[arg(long, value_enum)]
    pub model: Option<Kind>,
    /// Dhen: layers one after the other [default: the checkpoint's, or 2]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub layers: Option<NonZeroUsize>,
    /// Dhen: the interactions of every layer [default: the checkpoint's, or dot,linear]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,...")]
    pub modules: Option<Vec<ModuleName>>,
    /// Dhen: how a layer puts them together [default: the checkpoint's, or sum]
    #[arg(long, value_enum)]
    pub ensemble: Option<EnsembleName>,
    /// Dhen: vectors that every layer makes [default: the checkpoint's, or as many as the model begins with, one
    /// for each feature and one for the numeric columns]
    #[arg(long, value_name = "L", value_parser = at_least_one, allow_negative_numbers = true)]
    pub tokens: Option<NonZeroUsize>,
}

/// What makes log odds of embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The dot products of all pairs, and an MLP
    #[default]
    Dlrm,
    /// Layers of several interactions, and an MLP
    Dhen,
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
}

/// Outputs of a module's hidden layer.
const HIDDEN: usize = 64;

/// What is over the embeddings, with all that decides it. A checkpoint keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    #[default]
    Dlrm,
    Dhen(Stack),
}

/// What decides how the layers look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    pub layers: NonZeroUsize,
    pub modules: Vec<ModuleName>,
    pub ensemble: EnsembleName,
    /// Vectors of every layer, if that was said.
    pub tokens: Option<NonZeroUsize>,
}

impl Over {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Dlrm => Kind::Dlrm,
            Self::Dhen(_) => Kind::Dhen,
        }
    }
}

impl Stack {
    /// The layers of a model that begins with `tokens` vectors.
    pub fn described(&self, tokens: usize) -> Vec<DhenLayer> {
        let ensemble = match self.ensemble {
            EnsembleName::Concat => Ensemble::Concat,
            EnsembleName::Sum => Ensemble::Sum,
        };
        let module = |name: &ModuleName| match name {
            ModuleName::Dot => Module::Dot { hidden: None },
            ModuleName::DeepDot => Module::Dot { hidden: Some(HIDDEN) },
            ModuleName::Linear => Module::Linear,
            ModuleName::Mlp => Module::Mlp { hidden: HIDDEN },
        };
        let empty = DhenLayer::new(self.tokens.map_or(tokens, NonZeroUsize::get), ensemble);
        let layer = self.modules.iter().fold(empty, |layer, name| layer.module(module(name)));
        vec![layer; self.layers.get()]
    }
}

impl ModelArgs {
    /// What the run's model is; `saved` is that of the checkpoint it goes on from.
    pub fn over(&self, saved: Option<&Over>) -> Result<Over, DataError> {
        if let Some(saved) = saved {
            agree("--model", self.model.map(Name), Name(saved.kind()))?;
        }
        let kind = self.model.or(saved.map(Over::kind)).unwrap_or_default();
        if kind == Kind::Dlrm {
            let given = [
                ("--layers", self.layers.map(|layers| layers.to_string())),
                ("--modules", self.modules.as_deref().map(listed)),
                ("--ensemble", self.ensemble.map(|name| Name(name).to_string())),
                ("--tokens", self.tokens.map(|tokens| tokens.to_string())),
            ];
            return match given.into_iter().find_map(|(name, value)| Some((name, value?))) {
                Some((name, got)) => Err(DataError::argument(name, "none without --model dhen", got)),
                None => Ok(Over::Dlrm),
            };
        }
        if let Some(Over::Dhen(saved)) = saved {
            agree("--layers", self.layers, saved.layers)?;
            agree("--modules", self.modules.as_deref().map(listed), listed(&saved.modules))?;
            agree("--ensemble", self.ensemble.map(Name), Name(saved.ensemble))?;
            let tokens =
                |tokens: Option<NonZeroUsize>| tokens.map_or("default".to_owned(), |n| n.to_string());
            agree("--tokens", self.tokens.map(|given| tokens(Some(given))), tokens(saved.tokens))?;
            return Ok(Over::Dhen(saved.clone()));
        }
        let two = const { NonZeroUsize::new(2).expect("it is not zero") };
        Ok(Over::Dhen(Stack {
            layers: self.layers.unwrap_or(two),
            modules: self.modules.clone().unwrap_or_else(|| vec![ModuleName::Dot, ModuleName::Linear]),
            ensemble: self.ensemble.unwrap_or_default(),
            tokens: self.tokens,
        }))
    }
}

/// Modules as the command line has them.
fn listed(modules: &[ModuleName]) -> String {
    modules.iter().map(|&module| Name(module).to_string()).collect::<Vec<_>>().join(",")
}
