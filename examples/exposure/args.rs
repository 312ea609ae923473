//! The command line.

use clap::Parser;

use crate::decisions::Asked;
use crate::problem::KINDS;
use crate::quick::size;

/// Chooses a mix of three kinds of content for each group of users, day by day, so that each kind gets its
/// share in the long run, and says what it costs.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "exposure")]
pub struct Args {
    #[command(flatten)]
    pub asked: Asked,
    /// Groups of users, each with a mix of its own [default: 1024, of MovieLens 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub groups: Option<u32>,
    /// Days [default: 4000, of MovieLens 400]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: Option<u32>,
    /// The least share of each kind in the long run
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', default_values_t = [0.2; KINDS], value_parser = share)]
    pub floors: Vec<f32>,
    /// A quarter of the days and groups, where these are not given
    #[arg(long)]
    pub quick: bool,
    /// What made-up clicks are drawn by
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Args {
    /// Groups and days, where a full run has so many.
    pub fn size(&self, groups: u32, rounds: u32) -> (usize, usize) {
        (size(self.groups, groups, self.quick), size(self.rounds, rounds, self.quick))
    }
}

fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("expected a share from 0 to 1, got `{text}`"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::try_parse_from(["exposure"].iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_quick_run_has_a_quarter_of_what_is_not_given() -> Result<(), String> {
        assert_eq!(parse(&[])?.size(1024, 4000), (1024, 4000));
        assert_eq!(parse(&["--quick"])?.size(1024, 4000), (256, 1000));
        assert_eq!(parse(&["--quick", "--groups", "7"])?.size(1024, 4000), (7, 1000));
        Ok(())
    }

    #[test]
    fn errors_name_argument_expected_and_got() {
        for (argument, value, expected) in [
            ("--floors", "0.2,1.5,0", "expected a share from 0 to 1, got `1.5`"),
            ("--groups", "0", "0 is not in 1..=65536"),
            ("--plot", "regret.svg", "expected a file name ending in .png, got `regret.svg`"),
        ] {
            let error = parse(&[argument, value]).err().unwrap_or_default();
            assert!(error.contains(argument) && error.contains(expected), "{error}");
        }
    }
}
