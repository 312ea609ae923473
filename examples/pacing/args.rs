//! The command line.

use clap::Parser;

use crate::decisions::Asked;
use crate::problem::SLOTS;
use crate::quick::size;

/// Decides how often a day each group of users gets a message, when they tire of messages and a budget says
/// how many there may be in the mean, and says what clicks that costs.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "pacing")]
pub struct Args {
    #[command(flatten)]
    pub asked: Asked,
    /// Groups of users, each with a policy of its own [default: 4096, of MovieLens 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub groups: Option<u32>,
    /// Days [default: 2000, of MovieLens 400]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub days: Option<u32>,
    /// Messages a day in the mean, of four at most
    #[arg(long, value_name = "N", default_value_t = 1.5, value_parser = budget)]
    pub budget: f64,
    /// How much to hope of what has been seen little
    #[arg(long, value_name = "SCALE", default_value_t = 0.0)]
    pub confidence: f32,
    /// How strongly a day's policy is held near the last one, of what the theory asks for; less learns sooner
    /// what changes little
    #[arg(long, value_name = "SCALE", default_value_t = 0.1, value_parser = hold)]
    pub hold: f32,
    /// A quarter of the days and groups, where these are not given
    #[arg(long)]
    pub quick: bool,
    /// What is made up is drawn by
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Args {
    /// Groups and days, where a full run has so many.
    pub fn size(&self, groups: u32, days: u32) -> (usize, usize) {
        (size(self.groups, groups, self.quick), size(self.days, days, self.quick))
    }
}

fn hold(text: &str) -> Result<f32, String> {
    let hold = text.parse().ok().filter(|hold: &f32| hold.is_finite() && *hold > 0.0);
    hold.ok_or_else(|| format!("expected a number above 0, got `{text}`"))
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|budget| (0.0..=SLOTS as f64).contains(budget));
    budget.ok_or_else(|| format!("expected messages a day from 0 to {SLOTS}, got `{text}`"))
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
        let error = Args::try_parse_from(["pacing", "--budget", "5"]).err().map(|error| error.to_string());
        let text = error.unwrap_or_default();
        assert!(
            text.contains("--budget") && text.contains("expected messages a day from 0 to 4, got `5`"),
            "{text}"
        );
    }
}
