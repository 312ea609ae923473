//! The command line.

use clap::Parser;

use crate::decisions::Asked;

/// Learns what a user will like in the long run from what followed each rating, and says how far off it is
/// for users that were held out.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "long_term_value")]
pub struct Args {
    #[command(flatten)]
    pub asked: Asked,
    /// Transitions that each run sees
    #[arg(long, value_name = "T", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    pub samples: u32,
    /// Runs at once, each with transitions of its own
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub seeds: u32,
    /// Tanh units; without them the value is linear in the features
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub tanh: u32,
    /// A tenth of the transitions and of made-up users
    #[arg(long)]
    pub quick: bool,
    /// What transitions are drawn by
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Args {
    /// Transitions of a run, a thousand at least.
    pub fn steps(&self) -> usize {
        let steps = if self.quick { (self.samples / 10).max(1000) } else { self.samples };
        steps as usize
    }
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
    fn a_quick_run_has_a_tenth() {
        let steps = |args: &[&str]| Args::parse_from(["long_term_value"].iter().chain(args)).steps();
        assert_eq!([steps(&[]), steps(&["--quick"])], [200_000, 20_000]);
        assert_eq!(steps(&["--quick", "--samples", "2000"]), 1000);
    }
}
