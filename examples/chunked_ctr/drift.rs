//! Ids whose frequencies change in mid-stream: whether the chunks that have slots follow.
//!
//! After half of the steps half of the ids of each field exchange their probabilities (`problem.rs`). The
//! **new top share** is defined by what is true of the ids, not by what the tables make of them: with a share
//! `p` pruned, it is all chunks of the `(1 - p)` of the ids, of all fields together, that are most frequent
//! after the change. What is measured is how many of these chunks have a slot: right before the change, and
//! after each of the next [`ADJUSTMENTS`].
//!
//! It cannot be 1, for two reasons. Utility is more than frequency; and where the share ends ids occur about
//! once between two adjustments, so that chance decides. How much of it there was of the old top share before
//! the change says what can be had. The second measure weighs each id by its new probability: how many of the
//! lookups of ids in the new top share find their chunks.

use embag::{Context, Result};

use crate::method::{DRIFTING, Drifting, Method};
use crate::model::{BATCH, Model};
use crate::problem::{Examples, FIELDS, Problem};
use crate::training::{Size, steps};

/// In which the slots must follow.
pub const ADJUSTMENTS: usize = 5;

/// Shares of top chunks that have a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// Of the old top share, right before the change.
    pub old: f64,
    /// Of the new one, right before the change and after each adjustment.
    pub new: Vec<f64>,
    /// As `new`, weighted by the frequency.
    pub lookups: Vec<f64>,
}

impl Followed {
    /// Of the new top share, after the last adjustment.
    pub fn now(&self) -> f64 {
        self.new.last().copied().unwrap_or(f64::NAN)
    }
}

/// Examples before and after the change, and the top shares.
#[derive(Debug)]
pub struct Changed {
    before: Examples,
    after: Examples,
    /// For each rank and field the id, before and after.
    orders: [Vec<[u32; FIELDS]>; 2],
    probabilities: Vec<f64>,
}

impl Changed {
    pub fn new(problem: &Problem, size: Size) -> Self {
        let drift = problem.drift();
        let longest = DRIFTING.iter().map(|drifting| drifting.every(size)).max().unwrap_or(0);
        let by_rank = |rank: usize| std::array::from_fn(|field| drift.by_rank(field)[rank]);
        Self {
            before: problem.train(size.steps / 2 * BATCH),
            after: problem.drifted(&drift, ADJUSTMENTS * longest * BATCH),
            orders: [
                (0..size.ids).map(|id| [id; FIELDS]).collect(),
                (0..problem.ids()).map(by_rank).collect(),
            ],
            probabilities: (0..problem.ids()).map(|rank| problem.probability(rank)).collect(),
        }
    }

    /// How much of the top share of an order has a slot: counted, and weighted.
    fn resident(&self, order: usize, dims: &[[u32; FIELDS]], method: Method) -> (f64, f64) {
        let ranks = kept(self.probabilities.len(), method.pruned);
        let [mut counted, mut weighted, mut weights] = [0.0; 3];
        for (ids, probability) in self.orders[order].iter().zip(&self.probabilities).take(ranks) {
            for (field, &id) in ids.iter().enumerate() {
                let share = f64::from(dims[id as usize][field]) / f64::from(method.dim());
                counted += share;
                weighted += share * probability;
                weights += probability;
            }
        }
        (counted / (ranks * FIELDS) as f64, weighted / weights)
    }
}

/// Ranks of the top share: the fields have the same probabilities, so that it has the same ranks of each.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the ids")]
fn kept(ids: usize, pruned: f64) -> usize {
    ((1.0 - pruned) * ids as f64).round().max(1.0) as usize
}

/// Trains before and after the change, and looks at the slots.
pub fn follow(
    ctx: &Context,
    drifting: Drifting,
    changed: &Changed,
    size: Size,
    seed: u64,
    tick: &mut dyn FnMut(usize),
) -> Result<Followed> {
    let (Drifting { method, .. }, every) = (drifting, drifting.every(size));
    let mut model = Model::new(ctx, method, size.ids, seed)?;
    for first in (0..size.steps / 2).step_by(every) {
        let end = first + every;
        steps(&mut model, &changed.before, first..end, tick)?;
        if end >= size.warm_up() {
            model.adjust()?;
        }
    }
    let dims = model.dims(size.ids)?;
    let (now, lookups) = changed.resident(1, &dims, method);
    let mut followed =
        Followed { old: changed.resident(0, &dims, method).0, new: vec![now], lookups: vec![lookups] };
    for first in (0..ADJUSTMENTS).map(|adjustment| adjustment * every) {
        steps(&mut model, &changed.after, first..first + every, tick)?;
        model.adjust()?;
        let (now, lookups) = changed.resident(1, &model.dims(size.ids)?, method);
        followed.new.push(now);
        followed.lookups.push(lookups);
    }
    Ok(followed)
}

impl Drifting {
    /// Steps from one adjustment to the next.
    pub fn every(self, size: Size) -> usize {
        self.intervals * size.every()
    }

    /// Steps of the training.
    pub fn steps(self, size: Size) -> usize {
        size.steps / 2 + ADJUSTMENTS * self.every(size)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;
    use crate::method::fiited;
    use crate::training::QUICK;

    #[test]
    fn the_top_share_is_that_of_the_order() {
        let changed = Changed::new(&Problem::new(QUICK.ids as usize, 1), QUICK);
        let method = fiited(0.9);
        // the old top share has all columns
        let dims: Vec<_> = (0..QUICK.ids).map(|id| [if id < 50 { 16 } else { 0 }; FIELDS]).collect();
        assert_eq!(changed.resident(0, &dims, method), (1.0, 1.0));
        let (now, lookups) = changed.resident(1, &dims, method);
        // half of it stayed, and of the others a tenth comes from the top share
        assert!((0.4..0.7).contains(&now) && lookups < 1.0, "{now} {lookups}");
        let half: Vec<_> = (0..QUICK.ids).map(|_| [8; FIELDS]).collect();
        let (now, lookups) = changed.resident(1, &half, method);
        assert_abs_diff_eq!(now, 0.5, epsilon = 1e-12);
        assert_abs_diff_eq!(lookups, 0.5, epsilon = 1e-12);
    }
}
