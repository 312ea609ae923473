//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::device::Device;
use crate::output::png_path;

/// Trains on a stream in one process while another serves and follows.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "live_serving")]
pub struct Args {
    /// Where to train and serve
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// Steps before the model is served
    #[arg(long, value_name = "N", default_value_t = 3000)]
    pub before: u32,
    /// Steps while it is served
    #[arg(long, value_name = "N", default_value_t = 3000)]
    pub steps: u32,
    /// Steps from one delta to the next
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub every: u32,
    /// Of the stream and of first values
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Draw the normalized entropy of all three models
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// End with one JSON object
    #[arg(long)]
    pub json: bool,
    /// Serve the model of this folder, and follow it; started by the trainer
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub serve: Option<PathBuf>,
}
