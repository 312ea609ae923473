//! Groups of users who tire of messages: a day has four slots, in each of which a message is sent or not. A
//! message tires, a slot without one rests; whoever is tired clicks less.

use std::f64::consts::TAU;
use std::path::Path;

use crate::args::Args;
use crate::data::DataError;
use crate::data::movielens;
use crate::data::random::{fraction, generator};
use crate::decisions::likes::Like;

/// Decisions of a day.
pub const SLOTS: usize = 4;
/// How tired users are: not, somewhat, very.
pub const TIRED: usize = 3;
/// No message, or one.
pub const ACTIONS: usize = 2;
/// Pairs of state and action: in the first slot nobody is tired.
pub const PAIRS: usize = (1 + (SLOTS - 1) * TIRED) * ACTIONS;
/// States of the layers that the slots lie between.
pub const STATES: [usize; SLOTS + 1] = [1, TIRED, TIRED, TIRED, 1];

/// What is left of the clicks of users who are so tired.
const CLICKS: [f64; TIRED] = [1.0, 0.6, 0.25];
/// What is clicked in a slot, of what is in the best one.
const TIMES: [f64; SLOTS] = [0.7, 0.8, 0.6, 1.0];

/// How many states a slot has.
pub const fn states(slot: usize) -> usize {
    STATES[slot]
}

/// The number of a pair of a slot, state and action.
pub const fn pair(slot: usize, tired: usize, action: usize) -> usize {
    let first = if slot == 0 { 0 } else { 1 + (slot - 1) * TIRED };
    (first + tired) * ACTIONS + action
}

/// Clicks and fatigue of all groups.
#[derive(Debug)]
pub struct Problem {
    pub groups: usize,
    /// Messages a day in the mean.
    pub budget: f64,
    /// For each group how likely a message tires, and a slot without one rests.
    pub fatigue: Vec<[f64; 2]>,
    /// For each day and group, the part of messages that is clicked by who is not tired, in the best slot.
    pub rates: Vec<Vec<f64>>,
}

impl Problem {
    /// Groups who click to different degrees, more on some days of the week.
    pub fn made_up(args: &Args) -> Self {
        let (groups, days) = args.size(4096, 2000);
        let mut random = generator(args.seed, 0);
        let tastes: Vec<[f64; 2]> =
            (0..groups).map(|_| [0.2 + 0.5 * fraction(&mut random), TAU * fraction(&mut random)]).collect();
        let day = |day: usize| {
            let of = |&[rate, phase]: &[f64; 2]| rate + 0.1 * (TAU * day as f64 / 7.0 + phase).sin();
            tastes.iter().map(of).collect()
        };
        Self {
            groups,
            budget: args.budget,
            fatigue: fatigue(args, groups),
            rates: (0..days).map(day).collect(),
        }
    }

    /// MovieLens' ratings in the order of time, cut into as many days of equally many: what part a group
    /// liked. On days without a rating it is what it was the day before, a half at first. Nothing is known of
    /// fatigue, which is made up.
    pub fn movielens(folder: &Path, mut likes: Vec<Like>, args: &Args) -> Result<Self, DataError> {
        let (groups, days) = args.size(16, 400);
        if likes.is_empty() {
            return Err(DataError::Empty { path: folder.join(movielens::RATINGS), expected: "rating" });
        }
        likes.sort_by_key(|rating| (rating.timestamp, rating.user, rating.movie));
        let mut last = vec![0.5; groups];
        let rates = (0..days).map(|day| {
            let [first, end] = [day, day + 1].map(|day| day * likes.len() / days);
            let mut counts = vec![[0.0; 2]; groups];
            for rating in &likes[first..end] {
                let [liked, all] = &mut counts[rating.user as usize % groups];
                (*liked, *all) = (*liked + rating.like, *all + 1.0);
            }
            for (rate, [liked, all]) in last.iter_mut().zip(counts).filter(|(_, [_, all])| *all > 0.0) {
                *rate = liked / all;
            }
            last.clone()
        });
        let rates = rates.collect();
        Ok(Self { groups, budget: args.budget, fatigue: fatigue(args, groups), rates })
    }

    /// How likely a pair's next states are; after the last slot there is one.
    pub fn moves(&self, group: usize, slot: usize, tired: usize, action: usize) -> [f64; TIRED] {
        let mut moves = [0.0; TIRED];
        if slot + 1 == SLOTS {
            moves[0] = 1.0;
            return moves;
        }
        let [tires, rests] = self.fatigue[group];
        let (to, likely) = match action {
            0 => (tired.saturating_sub(1), rests),
            _ => ((tired + 1).min(TIRED - 1), tires),
        };
        moves[to] += likely;
        moves[tired] += 1.0 - likely;
        moves
    }

    /// The part of messages that is clicked, for each pair of slot and state.
    pub fn clicks(rate: f64, slot: usize, tired: usize) -> f64 {
        (rate * TIMES[slot] * CLICKS[tired]).clamp(0.0, 1.0)
    }

    /// How often each pair occurs in a day of a policy.
    pub fn flow(&self, group: usize, policy: impl Fn(usize) -> f64) -> [f64; PAIRS] {
        let mut flow = [0.0; PAIRS];
        let mut reach = [1.0, 0.0, 0.0];
        for slot in 0..SLOTS {
            let mut next = [0.0; TIRED];
            for (tired, reach) in reach.iter().enumerate().take(states(slot)) {
                for action in 0..ACTIONS {
                    let at = pair(slot, tired, action);
                    flow[at] = reach * policy(at);
                    let moves = self.moves(group, slot, tired, action);
                    next.iter_mut().zip(moves).for_each(|(next, likely)| *next += flow[at] * likely);
                }
            }
            reach = next;
        }
        flow
    }

    /// The most clicks in as many days as `rates` add up over, of policies that send within the budget: the
    /// least of the dual function of a price of messages.
    pub fn best(&self, group: usize, rates: f64, days: f64) -> f64 {
        // clicks less the price of messages, of all days, and messages of a day, of the best policy at a
        // price
        let at = |price: f64| {
            let mut later = [[0.0; 2]; TIRED];
            for slot in (0..SLOTS).rev() {
                let here = std::array::from_fn(|tired| {
                    let of = |action: usize| {
                        let moves = self.moves(group, slot, tired, action);
                        let mut value = [0.0, 0.0];
                        for (likely, later) in moves.iter().zip(&later) {
                            value.iter_mut().zip(later).for_each(|(sum, later)| *sum += likely * later);
                        }
                        if action == 1 {
                            value[0] += rates * TIMES[slot] * CLICKS[tired] - price * days;
                            value[1] += 1.0;
                        }
                        value
                    };
                    let (rest, send) = (of(0), of(1));
                    if send[0] > rest[0] { send } else { rest }
                });
                later = here;
            }
            later[0]
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let price = 0.5 * (low + high);
            if at(price)[1] > self.budget { low = price } else { high = price }
        }
        at(high)[0] + high * self.budget * days
    }
}

fn fatigue(args: &Args, groups: usize) -> Vec<[f64; 2]> {
    let mut random = generator(args.seed, 1);
    (0..groups).map(|_| [0.4 + 0.5 * fraction(&mut random), 0.3 + 0.5 * fraction(&mut random)]).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_budget_for_all_slots_sends_where_a_message_is_worth_the_fatigue() {
        let args = Args::parse_from(["pacing", "--groups", "3", "--days", "2", "--budget", "4"]);
        let problem = Problem::made_up(&args);
        for group in 0..3 {
            // every policy of four slots by hand: whether to send, by slot and fatigue
            let clicks = |policy: u32| {
                let sends = |slot: usize, tired: usize| {
                    policy >> (if slot == 0 { 0 } else { 1 + (slot - 1) * 3 + tired }) & 1
                };
                let flow = problem.flow(group, |at| {
                    let state = at / ACTIONS;
                    let (slot, tired) =
                        if state == 0 { (0, 0) } else { (1 + (state - 1) / 3, (state - 1) % 3) };
                    let sends = sends(slot, tired) == 1;
                    f64::from(u8::from(sends == (at % ACTIONS == 1)))
                });
                let of = |slot: usize| {
                    (0..states(slot))
                        .map(move |tired| flow[pair(slot, tired, 1)] * Problem::clicks(0.5, slot, tired))
                        .sum::<f64>()
                };
                (0..SLOTS).map(of).sum::<f64>()
            };
            let most = (0..1 << 10).map(clicks).fold(0.0, f64::max);
            assert!((problem.best(group, 0.5, 1.0) - most).abs() < 1e-9);
        }
    }

    #[test]
    fn moves_are_shares() {
        let problem = Problem::made_up(&Args::parse_from(["pacing", "--groups", "5", "--days", "1"]));
        for (slot, tired, action) in [(0, 0, 0), (1, 2, 1), (2, 1, 0), (3, 2, 1)] {
            let sum: f64 = problem.moves(4, slot, tired, action).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }
}
