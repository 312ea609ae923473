//! Random processes, and what is best in them, in `f64`: layers of 1, 2, 2 and 1 states with two actions.
//! Moves are drawn by Dirichlet(1) for each pair of state and action, losses from 0 to 1 of four tables that
//! take turns, costs from 0 to 1. A budget lies 40 % of the way from the least cost of a policy to the cost
//! of the policy with the least loss.

use crate::{Random, dot};

pub(crate) const STATES: [usize; 4] = [1, 2, 2, 1];
pub(crate) const ACTIONS: usize = 2;
pub(crate) const STEPS: usize = STATES.len() - 1;
/// Pairs of state and action.
pub(crate) const PAIRS: usize = (1 + 2 + 2) * ACTIONS;
const TABLES: usize = 4;

/// The first pair of a layer.
pub(crate) fn first_pair(layer: usize) -> usize {
    STATES[..layer].iter().sum::<usize>() * ACTIONS
}

/// How one moves: of each pair, how likely each state of the next layer is.
pub(crate) struct Walk {
    moves: Vec<Vec<f64>>,
}

impl Walk {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut moves = Vec::new();
        for layer in 0..STEPS {
            for _ in 0..STATES[layer] * ACTIONS {
                let weights: Vec<f64> = (0..STATES[layer + 1]).map(|_| -(1.0 - random.unit()).ln()).collect();
                let sum: f64 = weights.iter().sum();
                moves.push(weights.into_iter().map(|weight| weight / sum).collect());
            }
        }
        Self { moves }
    }

    /// How likely each move is.
    pub(crate) fn shares(&self) -> Vec<f64> {
        self.moves.concat()
    }

    /// How often each pair occurs under a policy.
    pub(crate) fn flow(&self, policy: &[f64]) -> Vec<f64> {
        let mut flow = vec![0.0; PAIRS];
        let mut reach = vec![1.0];
        for layer in 0..STEPS {
            let mut next = vec![0.0; STATES[layer + 1]];
            for (state, reach) in reach.iter().enumerate() {
                for action in 0..ACTIONS {
                    let pair = first_pair(layer) + state * ACTIONS + action;
                    flow[pair] = reach * policy[pair];
                    let moves = next.iter_mut().zip(&self.moves[pair]);
                    moves.for_each(|(next, likely)| *next += flow[pair] * likely);
                }
            }
            reach = next;
        }
        flow
    }

    /// The least sum of values that a policy can have, and the policy.
    pub(crate) fn best(&self, values: &[f64]) -> (f64, Vec<f64>) {
        let mut policy = vec![0.0; PAIRS];
        let mut later = vec![0.0];
        for layer in (0..STEPS).rev() {
            let least = (0..STATES[layer]).map(|state| {
                let of = |action: usize| {
                    let pair = first_pair(layer) + state * ACTIONS + action;
                    (values[pair] + dot(&self.moves[pair], &later), pair)
                };
                let (value, pair) =
                    (0..ACTIONS).map(of).fold((f64::MAX, 0), |a, b| if b.0 < a.0 { b } else { a });
                policy[pair] = 1.0;
                value
            });
            later = least.collect();
        }
        (later[0], policy)
    }
}

pub(crate) struct Process {
    pub(crate) walk: Walk,
    losses: Vec<Vec<f64>>,
    pub(crate) costs: Vec<f64>,
    pub(crate) budget: f64,
}

impl Process {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let walk = Walk::new(&mut random);
        let mut table = || table(PAIRS, &mut random);
        let losses: Vec<Vec<f64>> = (0..TABLES).map(|_| table()).collect();
        let costs = table();
        let (_, cheapest) = walk.best(&costs);
        let mean: Vec<f64> = (0..PAIRS).map(|pair| losses.iter().map(|loss| loss[pair]).sum()).collect();
        let (_, greedy) = walk.best(&mean);
        let [least, most] = [cheapest, greedy].map(|policy| dot(&costs, &walk.flow(&policy)));
        Self { walk, losses, costs, budget: least + 0.4 * (most - least) }
    }

    pub(crate) fn loss(&self, round: usize) -> &[f64] {
        &self.losses[round % TABLES]
    }

    /// The least sum of losses of a policy whose costs are within the budget: the largest of the dual
    /// function, by a search along the price.
    pub(crate) fn least(&self, losses: &[f64], scale: f64) -> f64 {
        let value = |price: f64| {
            let priced: Vec<f64> =
                losses.iter().zip(&self.costs).map(|(loss, cost)| loss + price * cost).collect();
            self.walk.best(&priced).0 - price * self.budget
        };
        let (mut low, mut high) = (0.0, 100.0 * scale);
        for _ in 0..100 {
            let (a, b) = (low + 0.382 * (high - low), low + 0.618 * (high - low));
            if value(a) > value(b) { high = b } else { low = a }
        }
        value(0.5 * (low + high))
    }
}

/// As many numbers from 0 to 1.
pub(crate) fn table(count: usize, random: &mut Random) -> Vec<f64> {
    (0..count).map(|_| random.unit()).collect()
}
