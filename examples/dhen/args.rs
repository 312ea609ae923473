//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::device::Device;
use crate::output::png_path;

/// Trains stacked interactions (DHEN) on a made-up task whose answer is a product of three values, and checks that
/// two layers find what one cannot. The exit code is 1 if a criterion fails.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "dhen")]
pub struct Args {
    /// Where to train
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// One seed and a fifth of the examples: to see that it runs, without criteria
    #[arg(long)]
    pub quick: bool,
    /// Draw each net's normalised entropy by epoch
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }
}
