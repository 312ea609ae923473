//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Trains a DLRM on clicks, and tests it.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Whose embeddings
    #[arg(long, value_enum, default_value = "embag")]
    pub(crate) embedding: Embedding,
    /// What to run on
    #[arg(long, value_enum, default_value = "gpu")]
    pub(crate) device: On,
    /// A folder with MovieLens' ratings.csv and movies.csv, instead of clicks that are made up
    #[arg(long, value_name = "FOLDER")]
    pub(crate) movielens: Option<PathBuf>,
    /// Tables of the clicks that are made up
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) tables: u32,
    /// Rows of each of them
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    pub(crate) rows: u32,
    /// Ids of each example for each of them
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) ids: u32,
    /// Training examples that are made up; a tenth as many are made for the test
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10..=100_000_000))]
    pub(crate) examples: u32,
    /// Columns of the embeddings
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(crate) dim: u32,
    /// Examples of a step
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) batch: u32,
    /// Passes over the training examples
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) epochs: u32,
    /// Stop after this many steps
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) steps: Option<u32>,
    /// For embeddings and layers alike
    #[arg(long, value_enum, default_value = "adagrad")]
    pub(crate) optimizer: Rule,
    /// Learning rate
    #[arg(long, default_value_t = 0.05)]
    pub(crate) lr: f64,
    /// For what is made up, and for first values
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Train by burn's Learner, whose logs go to this folder
    #[cfg(feature = "train")]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) learner: Option<PathBuf>,
    /// Ends with a line of JSON: loss, auc, seconds, examples_per_second, peak_bytes
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Embedding {
    /// nn::Embedding, summed by sum_dim
    Burn,
    /// embag_burn::EmbeddingBags
    Embag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum On {
    /// burn's wgpu device
    Gpu,
    /// burn's Flex, and embag's CPU context
    Cpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rule {
    Sgd,
    Adagrad,
}
