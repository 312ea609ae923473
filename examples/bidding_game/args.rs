//! The command line.

use clap::Parser;

use crate::decisions::Asked;
use crate::quick::size;

/// Two advertisers bid for the same users, day after day, each against a rival who learns too; what each
/// spends changes how it stands for the rest of the day. Says what either could still win by another policy,
/// without and with budgets.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "bidding_game")]
pub struct Args {
    #[command(flatten)]
    pub asked: Asked,
    /// Auctions at once, each for users of its own [default: 1024, of MovieLens 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub games: Option<u32>,
    /// Days [default: 4000]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub days: Option<u32>,
    /// High bids a day that both together may make in the mean, of six at most
    #[arg(long, value_name = "N", default_value_t = 2.5, value_parser = budget)]
    pub budget: f64,
    /// A quarter of the days and games, where these are not given
    #[arg(long)]
    pub quick: bool,
    /// What is made up is drawn by
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Args {
    /// Games and days, where a full run has so many games.
    pub fn size(&self, games: u32) -> (usize, usize) {
        (size(self.games, games, self.quick), size(self.days, 4000, self.quick))
    }
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|budget| (0.0..=6.0).contains(budget));
    budget.ok_or_else(|| format!("expected high bids a day from 0 to 6, got `{text}`"))
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
        let error =
            Args::try_parse_from(["bidding_game", "--budget", "7"]).err().map(|error| error.to_string());
        let text = error.unwrap_or_default();
        assert!(text.contains("expected high bids a day from 0 to 6, got `7`"), "{text}");
    }
}
