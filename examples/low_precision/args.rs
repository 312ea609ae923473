//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::device::Device;
use crate::output::png_path;

/// Measures what tables, products and layers lose in few bits, and checks what is claimed of it. The exit
/// code is 1 if a criterion fails.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "low_precision")]
pub struct Args {
    /// Where to train and to quantise
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub device: Device,
    /// Small models, to see that all works: the criteria on what is learnt are not judged
    #[arg(long)]
    pub quick: bool,
    /// Draw errors and differences of normalized entropy
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

    #[test]
    fn errors_name_argument_expected_and_got() {
        let parsed = Args::try_parse_from(["low_precision", "--plot", "errors.svg"]);
        let error = parsed.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            error.contains("--plot")
                && error.contains("expected a file name ending in .png, got `errors.svg`")
        );
    }
}
