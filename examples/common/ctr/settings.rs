//! What decides how a model looks and learns, and each format's defaults.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::embedding::Embedding;
use super::model_args::{Kind, Over};
use crate::data::Format;

/// How the embeddings learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Stochastic gradient descent
    Sgd,
    /// A learning rate per weight, by its past gradients
    Adagrad,
    /// A learning rate per row: the memory of one number instead of a row
    RowwiseAdagrad,
    /// Row-wise Adagrad that also counts how often rows are seen, and slows the rare ones down
    RowwiseAdagradCounter,
    /// Moments of the gradient, for each weight
    Adam,
    /// Adam with one second moment for a row
    PartialRowwiseAdam,
    /// Adam whose step is as long as the row allows
    Lamb,
    /// The same with one second moment for a row
    PartialRowwiseLamb,
    /// Momentum whose step is as long as the row allows
    LarsSgd,
    /// Larger steps for rare rows, by their counts alone
    FrequencySgd,
    /// FTRL-proximal: weights that the data do not speak for are zero, see --l1
    Ftrl,
}

/// What the embeddings are kept in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, of which 11 are significant
    F16,
    /// 16 bits, of which 8 are significant
    Bf16,
}

/// How values of 16 bits are rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// At random, so that small steps count on average
    #[default]
    Stochastic,
    /// To the nearest
    Nearest,
}

/// What decides how a model looks and learns: the command line's, or else the checkpoint's, or else the
/// format's. A checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub seed: u64,
    pub batch: NonZeroUsize,
    pub dim: NonZeroUsize,
    pub optimizer: Optimizer,
    #[serde(default)]
    pub precision: Precision,
    #[serde(default)]
    pub rounding: Rounding,
    pub lr: f32,
    /// What is added to the root of Adagrad's state, times the batch: the gradients of a mean loss shrink as
    /// the batch grows.
    pub eps: f32,
    /// What of the sum of an embedding's gradients FTRL leaves at zero, times the batch.
    #[serde(default)]
    pub l1: f32,
    /// The learning rate of the dense layers' Adagrad.
    pub dense_lr: f32,
    /// The hidden widths of the MLP over the numeric columns; its output has the width `dim`.
    pub bottom: Vec<usize>,
    /// The hidden widths of the MLP over the interactions, or over the last layer of a DHEN; its output is
    /// the click's log odds.
    pub top: Vec<usize>,
    #[serde(default)]
    pub embedding: Embedding,
    #[serde(default)]
    pub over: Over,
}

/// What a format is trained with where the command line says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    pub epochs: usize,
    pub batch: usize,
    pub dim: usize,
    pub optimizer: Optimizer,
    /// Of the two Adagrads.
    pub lr: f32,
    pub eps: f32,
    pub dense_lr: f32,
    pub bottom: &'static [usize],
    pub top: &'static [usize],
}

impl Defaults {
    /// The table of defaults.
    pub const fn of(format: Format, model: Kind) -> Self {
        let common = Self {
            epochs: 3,
            batch: 512,
            dim: 16,
            optimizer: Optimizer::Adagrad,
            lr: 0.05,
            eps: 0.05,
            dense_lr: 0.01,
            bottom: &[64],
            top: &[64, 32],
        };
        // Where most ids are rare, Adagrad learns single examples by heart: its first steps are as large as
        // the learning rate, however small the gradient. A larger eps keeps the steps of rows that have seen
        // little as small as their gradients. Slower dense layers help against it too.
        match format {
            Format::Synthetic => Self { epochs: 4, lr: 0.1, eps: 5.0, dense_lr: 0.003, ..common },
            // More epochs overfit, those of stacked interactions from the second on.
            Format::MovieLens if !matches!(model, Kind::Dlrm) => {
                Self { epochs: 1, batch: 256, dense_lr: 0.006, ..common }
            }
            Format::MovieLens => Self { epochs: 2, dense_lr: 0.003, ..common },
            Format::Adult => Self { epochs: 5, ..common },
            // Many fields that say much, with few ids each: faster dense layers learn more of them.
            Format::Libsvm if !matches!(model, Kind::Dlrm) => {
                Self { epochs: 3, batch: 1024, eps: 1.0, dense_lr: 0.006, ..common }
            }
            Format::Libsvm => Self { epochs: 2, batch: 1024, eps: 1.0, dense_lr: 0.003, ..common },
            // One pass: a click log has more examples than a model can memorise.
            Format::Criteo => Self {
                epochs: 1,
                batch: 2048,
                optimizer: Optimizer::RowwiseAdagrad,
                eps: 1.0,
                bottom: &[256, 64],
                top: &[256, 64],
                ..common
            },
        }
    }

    /// The settings of a seed.
    pub fn settings(self, seed: u64, optimizer: Optimizer) -> Settings {
        Settings {
            seed,
            batch: count(self.batch),
            dim: count(self.dim),
            optimizer,
            precision: Precision::default(),
            rounding: Rounding::default(),
            lr: match optimizer {
                Optimizer::Sgd => SGD_LR,
                Optimizer::Adagrad
                | Optimizer::RowwiseAdagrad
                | Optimizer::RowwiseAdagradCounter
                | Optimizer::Ftrl => self.lr,
                Optimizer::Adam | Optimizer::PartialRowwiseAdam => ADAM_LR,
                Optimizer::Lamb | Optimizer::PartialRowwiseLamb => LAMB_LR,
                Optimizer::LarsSgd => LARS_LR,
                Optimizer::FrequencySgd => FREQUENCY_LR,
            },
            eps: self.eps,
            l1: 0.0,
            dense_lr: self.dense_lr,
            bottom: self.bottom.to_vec(),
            top: self.top.to_vec(),
            embedding: Embedding::default(),
            over: Over::default(),
        }
    }
}

/// Without Adagrad's division a step is as small as its gradient, which is that of a mean over the batch.
const SGD_LR: f32 = 10.0;
/// Adam's steps are about as large as the rate, whatever the gradient.
const ADAM_LR: f32 = 0.002;
/// LAMB's steps are this part of the row.
const LAMB_LR: f32 = 0.01;
/// Times LARS's trust coefficient; rows begin small.
const LARS_LR: f32 = 10.0;
/// Divided by the root of how many steps a row is there in, of `FREQUENCY_HORIZON`.
const FREQUENCY_LR: f32 = 100.0;

/// A default of 0 would be a slip in the table of defaults; it counts as 1.
pub fn count(default: usize) -> NonZeroUsize {
    NonZeroUsize::new(default).unwrap_or(NonZeroUsize::MIN)
}
