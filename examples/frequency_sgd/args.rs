//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::device::Device;
use crate::model::TEST_EVERY;
use crate::output::png_path;

/// Compares frequency-aware SGD with SGD and row-wise Adagrad on a logistic matrix factorisation of made-up
/// clicks, each with its best learning rate, and checks what is claimed of it. The exit code is 1 if a
/// criterion fails.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "frequency_sgd")]
pub struct Args {
    /// Where to train
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// Learning rates tried for each method and horizon, around the one that was best before; 8 for a wide
    /// search
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub grid: u8,
    /// Lengths of the trainings in steps, multiples of 100
    #[arg(long, value_name = "T,T", value_delimiter = ',', default_values_t = [4000, 12_000], value_parser = steps)]
    pub horizons: Vec<u32>,
    /// Draw the test losses of each method with its best rate
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// The horizons, the shortest first.
    pub fn horizons(&self) -> Vec<u32> {
        let mut horizons = self.horizons.clone();
        horizons.sort_unstable();
        horizons.dedup();
        horizons
    }
}

/// All pairs are drawn before the training; more would not fit a small machine.
const MOST_STEPS: u32 = 50_000;

fn steps(text: &str) -> Result<u32, String> {
    let fits =
        |&steps: &u32| (1..=MOST_STEPS).contains(&steps) && (steps as usize).is_multiple_of(TEST_EVERY);
    text.parse().ok().filter(fits).ok_or_else(|| {
        format!("expected a multiple of {TEST_EVERY} from {TEST_EVERY} to {MOST_STEPS}, got `{text}`")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::try_parse_from(["frequency_sgd"].iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn horizons_are_sorted() -> Result<(), String> {
        assert_eq!(parse(&[])?.horizons(), [4000, 12_000]);
        assert_eq!(parse(&["--horizons", "700,200,700"])?.horizons(), [200, 700]);
        Ok(())
    }

    #[test]
    fn errors_name_argument_expected_and_got() {
        for (argument, value, expected) in [
            ("--horizons", "150", "expected a multiple of 100 from 100 to 50000, got `150`"),
            ("--horizons", "100,0", "expected a multiple of 100 from 100 to 50000, got `0`"),
            ("--grid", "0", "0 is not in 1..=16"),
            ("--plot", "curves.svg", "expected a file name ending in .png, got `curves.svg`"),
        ] {
            let error = parse(&[argument, value]).err().unwrap_or_default();
            assert!(error.contains(argument) && error.contains(expected), "{error}");
        }
    }
}
