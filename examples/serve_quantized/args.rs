//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::data::{Ids, Source};
use crate::device::Device;
use crate::output::png_path;
use crate::trained::Trained;

/// Where the ranges of int8 layers' inputs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Activations {
    /// Each batch has its own
    Dynamic,
    /// Smallest and largest value of the examples that formats are chosen on
    MinMax,
    /// Of their histogram, with the least squared error
    L2,
    /// Of their histogram, with the least divergence
    Kl,
}

/// Quantises a model that train_ctr trained, within a budget of normalized entropy, and serves it.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "serve_quantized")]
pub struct Args {
    /// Where to quantise and serve
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// The model, as `train_ctr --checkpoint` wrote it, of tables of fixed size
    #[arg(long, value_name = "FILE")]
    pub checkpoint: PathBuf,
    /// The file (movielens: folder) it was trained on; needed by all formats but synthetic
    #[arg(long, value_name = "PATH")]
    pub train: Option<PathBuf>,
    /// The file (movielens: folder) to test on, if train_ctr was given one
    #[arg(long, value_name = "PATH")]
    pub test: Option<PathBuf>,
    /// By how much the normalized entropy may grow, in percent of what it is
    #[arg(long, value_name = "X%", default_value = "0.02%", value_parser = percent, allow_negative_numbers = true)]
    pub ne_budget: f64,
    /// Where the ranges of int8 layers' inputs come from
    #[arg(long, value_enum, default_value_t = Activations::Dynamic)]
    pub activations: Activations,
    /// Where to write the quantised model
    #[arg(long, value_name = "FILE", default_value = "quantized.safetensors")]
    pub out: PathBuf,
    /// Examples of a request
    #[arg(long, value_name = "N", default_value = "256")]
    pub batch: NonZeroUsize,
    /// Requests to serve
    #[arg(long, value_name = "N", default_value = "1000")]
    pub requests: NonZeroUsize,
    /// Draw what each part costs in each format
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Print the report as one line of JSON, too
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// Where the examples come from.
    pub fn source(&self, trained: &Trained) -> Source {
        Source {
            format: trained.data.format,
            train: self.train.clone(),
            test: self.test.clone(),
            seed: trained.seed,
            hash_rows: None,
            ids: Ids::Rows,
            // the checkpoint knows
            by_position: false,
        }
    }
}

/// Percent, with or without the sign.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err(format!("expected percent from 0 on, as in 0.02%, got `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let common = ["serve_quantized", "--checkpoint", "model"];
        Args::try_parse_from(common.iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn budgets_are_percent() -> Result<(), String> {
        assert_eq!(parse(&[])?.ne_budget, 0.02);
        for (text, expected) in [("0.05%", 0.05), ("1", 1.0), ("0 %", 0.0)] {
            assert_eq!(parse(&["--ne-budget", text])?.ne_budget, expected);
        }
        for text in ["-1", "x", "NaN", "%", "1%%"] {
            let error = parse(&["--ne-budget", text]).err().unwrap_or_default();
            assert!(error.contains(&format!("got `{text}`")), "{error}");
        }
        Ok(())
    }
}
