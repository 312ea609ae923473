//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::output::png_path;

/// How users and movies are named in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ids {
    /// By the rows of a vocabulary
    Rows,
    /// By the ids of the data, which get rows as they come
    Raw,
}

/// What decides what a model learns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// Columns of a row, and of what a tower makes
    #[arg(long, value_name = "N", default_value = "32")]
    pub dim: NonZeroUsize,
    /// Learning rate of the rows (row-wise Adagrad)
    #[arg(long, value_name = "X", default_value_t = 0.05)]
    pub lr: f32,
    /// Learning rate of the layers (Adam)
    #[arg(long, value_name = "X", default_value_t = 0.001)]
    pub dense_lr: f32,
    /// What cosines are divided by
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    pub temperature: f32,
    /// Users of a step; each is a negative of the others
    #[arg(long, value_name = "N", default_value = "256")]
    pub batch: NonZeroUsize,
    /// Further movies of a step, drawn evenly
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub negatives: usize,
    /// Last likes of a user that her tower sees
    #[arg(long, value_name = "N", default_value = "50")]
    pub history: NonZeroUsize,
    /// The weight of a like, as a part of that of the next one
    #[arg(long, value_name = "X", default_value_t = 0.9)]
    pub decay: f32,
    /// Of first values, of the order of examples, and of made-up data
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Learns which movie a user will like next, and serves it from a table of int8.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "two_tower")]
pub struct Args {
    /// Where to train and serve
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// A folder with MovieLens' ratings.csv and movies.csv; without it data are made up
    #[arg(long, value_name = "FOLDER")]
    pub train: Option<PathBuf>,
    /// How users and movies are named in the tables
    #[arg(long, value_enum, default_value_t = Ids::Rows)]
    pub ids: Ids,
    /// Passes over the likes
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub epochs: u32,
    #[command(flatten)]
    pub settings: Settings,
    /// Where to write the trained model
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// A model that --checkpoint wrote, of the same data and settings, to go on from
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Draw the hit rate after each epoch
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// End with one JSON object
    #[arg(long)]
    pub json: bool,
}
