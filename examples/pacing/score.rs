//! What a method's policies came to.

use crate::problem::{PAIRS, Problem, SLOTS, pair, states};

/// Clicks and messages of one method, day by day: what its policies give in the mean.
#[derive(Debug)]
pub struct Score<'a> {
    pub name: &'static str,
    problem: &'a Problem,
    /// Of each group, so far.
    clicks: Vec<f64>,
    over: Vec<f64>,
    /// After each day, means over the groups: clicks and messages of all days, and the most messages above
    /// the budget so far.
    pub days: Vec<[f64; 3]>,
    most: Vec<f64>,
}

impl<'a> Score<'a> {
    pub fn new(name: &'static str, problem: &'a Problem) -> Self {
        let zeros = || vec![0.0; problem.groups];
        Self { name, problem, clicks: zeros(), over: zeros(), days: Vec::new(), most: zeros() }
    }

    /// Counts the policies of the next day: how likely a group has each pair's action in its state.
    pub fn see(&mut self, policy: impl Fn(usize, usize) -> f64) {
        let rates = &self.problem.rates[self.days.len()];
        let mut sums = self.days.last().copied().unwrap_or_default();
        sums[2] = 0.0;
        let groups = self.problem.groups as f64;
        for (group, rate) in rates.iter().enumerate() {
            let flow: [f64; PAIRS] = self.problem.flow(group, |pair| policy(group, pair));
            let sent = (0..SLOTS).flat_map(|slot| (0..states(slot)).map(move |tired| (slot, tired)));
            let (mut clicks, mut messages) = (0.0, 0.0);
            for (slot, tired) in sent {
                let often = flow[pair(slot, tired, 1)];
                messages += often;
                clicks += often * Problem::clicks(*rate, slot, tired);
            }
            self.clicks[group] += clicks;
            self.over[group] += messages - self.problem.budget;
            self.most[group] = self.most[group].max(self.over[group]);
            sums[0] += clicks / groups;
            sums[1] += messages / groups;
            sums[2] += self.most[group] / groups;
        }
        self.days.push(sums);
    }

    /// Clicks of all days that the best policy within the budget would have had more, in the mean.
    pub fn regret(&self) -> f64 {
        let (problem, days) = (self.problem, self.days.len() as f64);
        let of = |(group, clicks): (usize, &f64)| {
            let rates = problem.rates.iter().map(|rates| rates[group]).sum();
            problem.best(group, rates, days) - clicks
        };
        self.clicks.iter().enumerate().map(of).sum::<f64>() / problem.groups as f64
    }

    /// Clicks and messages of a day, and the most messages that were above the budget at any time, added up.
    pub fn end(&self) -> [f64; 3] {
        let days = self.days.len() as f64;
        let [clicks, messages, most] = self.days.last().copied().unwrap_or_default();
        [clicks / days, messages / days, most]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    #[test]
    fn a_message_in_every_slot_is_over_budget_and_clicked() {
        let args = Args::parse_from(["pacing", "--groups", "4", "--days", "3", "--budget", "1.5"]);
        let problem = Problem::made_up(&args);
        let mut score = Score::new("all", &problem);
        (0..3).for_each(|_| score.see(|_, at| if at % 2 == 1 { 1.0 } else { 0.0 }));
        let [clicks, messages, most] = score.end();
        assert!((messages - 4.0).abs() < 1e-12 && (most - 7.5).abs() < 1e-12);
        assert!(clicks > 0.2 && clicks < 4.0);
    }
}
