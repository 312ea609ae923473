//! What a method's policies came to.

use crate::problem::{PAIRS, Problem};

/// Days between two points of a curve.
const EVERY: usize = 50;

/// What can still be won against a method's mean play, day by day.
#[derive(Debug)]
pub struct Score<'a> {
    pub name: &'static str,
    problem: &'a Problem,
    seen: usize,
    /// Of each game, sums over the days: flows of either side, and the price of high bids.
    flows: Vec<[[f64; PAIRS]; 2]>,
    prices: Vec<f64>,
    /// Day, and means over the games: what both sides could still win at the mean price, and high bids above
    /// the budget.
    pub curve: Vec<(f64, [f64; 2])>,
}

impl<'a> Score<'a> {
    pub fn new(name: &'static str, problem: &'a Problem) -> Self {
        let games = problem.auctions.len();
        let flows = vec![[[0.0; PAIRS]; 2]; games];
        Self { name, problem, seen: 0, flows, prices: vec![0.0; games], curve: Vec::new() }
    }

    /// Counts the next day: how likely side, game and pair are, and the price of a high bid in a game.
    pub fn see(&mut self, policy: impl Fn(usize, usize, usize) -> f64, price: impl Fn(usize) -> f64) {
        for (game, auction) in self.problem.auctions.iter().enumerate() {
            for (side, sums) in self.flows[game].iter_mut().enumerate() {
                let flow = auction.flow(side, |pair| policy(side, game, pair));
                sums.iter_mut().zip(flow).for_each(|(sum, flow)| *sum += flow);
            }
            self.prices[game] += price(game);
        }
        self.seen += 1;
        if self.seen.is_multiple_of(EVERY) || self.seen == self.problem.days {
            let point = self.now();
            self.curve.push((self.seen as f64, point));
        }
    }

    fn now(&self) -> [f64; 2] {
        let days = self.seen as f64;
        let mut means = [0.0; 2];
        for (game, auction) in self.problem.auctions.iter().enumerate() {
            let flows = self.flows[game].map(|side| side.map(|sum| sum / days));
            let high: f64 = flows.iter().flat_map(|side| side.iter().skip(1).step_by(2)).sum();
            means[0] += auction.gap(&flows, self.prices[game] / days);
            means[1] += (high - self.problem.budget).max(0.0) * days;
        }
        means.map(|sum| sum / self.problem.auctions.len() as f64)
    }

    /// At the end: what could still be won, and high bids above the budget, added up.
    pub fn end(&self) -> [f64; 2] {
        self.curve.last().map_or([0.0; 2], |(_, point)| *point)
    }

    /// High bids of a day of both sides, and the mean price.
    pub fn bids(&self) -> [f64; 2] {
        let days = (self.seen * self.flows.len()) as f64;
        let high: f64 = self.flows.iter().flatten().flat_map(|side| side.iter().skip(1).step_by(2)).sum();
        [high / days, self.prices.iter().sum::<f64>() / days]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    #[test]
    fn high_bids_are_counted_against_the_budget() {
        let args = Args::parse_from(["bidding_game", "--games", "3", "--days", "60", "--budget", "2"]);
        let problem = Problem::made_up(&args);
        let mut score = Score::new("high", &problem);
        (0..60).for_each(|_| score.see(|_, _, pair| if pair % 2 == 1 { 1.0 } else { 0.0 }, |_| 0.5));
        assert_eq!(score.curve.len(), 2);
        assert!((score.end()[1] - 4.0 * 60.0).abs() < 1e-9, "{:?}", score.end());
        let [high, price] = score.bids();
        assert!((high - 6.0).abs() < 1e-9 && (price - 0.5).abs() < 1e-12);
    }
}
