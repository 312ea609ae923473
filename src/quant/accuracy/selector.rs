//! Which part of a model is kept in which precision: the fewest bytes within a budget of normalized entropy.

use serde::{Deserialize, Serialize};

use super::paired_ne::{NeDifference, PairedNe};
use crate::{Error, Result};

/// States of a search that are told apart; see [`choose`].
const STATES: usize = 1 << 16;
/// A choice that does not hold is followed by one that is predicted to cost this share or less of it.
const TIGHTEN: f64 = 0.9;

/// One way to keep a part of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// For example `int8`.
    pub format: String,
    /// What the part takes.
    pub bytes: u64,
    /// The difference of normalized entropy in percent with this part alone kept so, as [`PairedNe`] measures
    /// it.
    pub percent: f64,
}

/// A table or a layer, and how it may be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// For example the table's name.
    pub name: String,
    /// At least one, in any order: int4, int8 and fp16 for a table, int8, fp16 and f32 for a layer.
    pub candidates: Vec<Candidate>,
}

/// A candidate for each part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Of each part, in their order, which candidate.
    pub picks: Vec<usize>,
    /// What all parts take.
    pub bytes: u64,
    /// What they are predicted to cost together: the sum of the candidates' differences of normalized
    /// entropy, those that gain counted as zero.
    pub percent: f64,
}

/// A choice that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// What is kept how.
    pub choice: Choice,
    /// The difference of the whole model so kept.
    pub measured: NeDifference,
    /// How many choices were measured, this one included.
    pub measurements: usize,
}

/// The choice of the fewest bytes whose summed difference is at most `budget` percent; `None` if there is
/// none. Of equal bytes the one with the least difference.
///
/// A difference below zero counts as zero. Of many parts some gain by chance, and what they gain on the
/// examples that measured it is not there on others: no part may spend it.
///
/// This is a multiple-choice knapsack. It is solved exactly, part by part, by keeping of all choices for the
/// first parts those that no other beats in both bytes and difference. If that leaves more than 65,536 of
/// them, those whose differences lie within 1 / 65,536 of what is to be had are one, the one of fewer bytes:
/// the budget still holds.
///
/// # Errors
/// [`Error::InvalidArgument`] for a part without candidates, or a difference or budget that is not finite.
pub fn choose(parts: &[Part], budget: f64) -> Result<Option<Choice>> {
    check(parts, budget)?;
    // what the parts to come cost at least; summed in another order than choices are, so that it may be a
    // rounding off
    let mut ahead = least_percent(parts);
    let size = |part: &Part| part.candidates.iter().map(Candidate::cost).fold(0.0, f64::max);
    let most = budget + 1e-12 * (budget.abs() + parts.iter().map(size).sum::<f64>());
    let mut layers = vec![vec![State { percent: 0.0, bytes: 0, from: 0, pick: 0 }]];
    for part in parts {
        ahead -= part.least_percent();
        let mut next = Vec::new();
        for (from, state) in layers.last().into_iter().flatten().enumerate() {
            for (pick, candidate) in part.candidates.iter().enumerate() {
                let percent = state.percent + candidate.cost();
                if percent + ahead <= most {
                    let bytes = state.bytes.saturating_add(candidate.bytes);
                    next.push(State { percent, bytes, from, pick });
                }
            }
        }
        layers.push(frontier(next, STATES));
    }
    let last = layers.last().map_or(&[][..], Vec::as_slice);
    let Some(mut at) = last.iter().rposition(|state| state.percent <= budget) else { return Ok(None) };
    let State { percent, bytes, .. } = last[at];
    let mut picks: Vec<usize> = (layers[1..].iter().rev())
        .map(|layer| {
            let state = &layer[at];
            at = state.from;
            state.pick
        })
        .collect();
    picks.reverse();
    Ok(Some(Choice { picks, bytes, percent }))
}

/// The choice of the fewest bytes that is measured to hold `budget` percent, by the point estimate; `None` if
/// none is.
///
/// [`choose`] predicts that differences add up. `measure` is given its choice and measures the whole model so
/// kept against the reference. If that does not hold, less is allowed to the prediction, by as much as the
/// model was over and at least by a tenth, until a choice holds or the one with the least prediction does not
/// either.
///
/// # Errors
/// As [`choose`] and `measure`, and as [`PairedNe::difference`].
pub fn select(
    parts: &[Part],
    budget: f64,
    mut measure: impl FnMut(&Choice) -> Result<PairedNe>,
) -> Result<Option<Selection>> {
    check(parts, budget)?;
    let least = least_percent(parts);
    // however much it is predicted to cost, the best there is deserves to be measured
    let mut allowed = budget.max(least);
    let mut measurements = 0;
    while let Some(choice) = choose(parts, allowed)? {
        let measured = measure(&choice)?.difference()?;
        measurements += 1;
        if measured.percent <= budget {
            return Ok(Some(Selection { choice, measured, measurements }));
        }
        let over = (choice.percent - least).max(0.0);
        if over == 0.0 {
            break;
        }
        let share = (budget - least) / (measured.percent - least);
        // never above it, or the same choice would come again
        allowed = (least + over * share.clamp(0.0, TIGHTEN)).max(least);
    }
    Ok(None)
}

/// The least sum of costs that there is, summed in the order of the parts as [`choose`] sums.
fn least_percent(parts: &[Part]) -> f64 {
    parts.iter().fold(0.0, |sum, part| sum + part.least_percent())
}

impl Part {
    fn least_percent(&self) -> f64 {
        self.candidates.iter().map(Candidate::cost).fold(f64::INFINITY, f64::min)
    }
}

impl Candidate {
    fn cost(&self) -> f64 {
        self.percent.max(0.0)
    }
}

fn check(parts: &[Part], budget: f64) -> Result<()> {
    if !budget.is_finite() {
        return Err(Error::invalid("budget", "a finite one", budget));
    }
    for Part { name, candidates } in parts {
        if candidates.is_empty() {
            return Err(Error::invalid(name, "at least one candidate", 0));
        }
        if let Some(bad) = candidates.iter().find(|candidate| !candidate.percent.is_finite()) {
            let what = format!("{name}, {}", bad.format);
            return Err(Error::invalid(what, "a finite difference", bad.percent));
        }
    }
    Ok(())
}

/// A choice for the first parts.
#[derive(Debug, Clone, Copy)]
struct State {
    percent: f64,
    bytes: u64,
    /// Which state of the part before it goes on from.
    from: usize,
    pick: usize,
}

/// Those that no other beats, by rising difference and so by falling bytes; about `most` of them at most.
fn frontier(mut states: Vec<State>, most: usize) -> Vec<State> {
    states.sort_by(|a, b| a.percent.total_cmp(&b.percent).then(a.bytes.cmp(&b.bytes)));
    let mut least = None;
    states.retain(|state| {
        let better = least.is_none_or(|bytes| state.bytes < bytes);
        least = if better { Some(state.bytes) } else { least };
        better
    });
    if states.len() <= most {
        return states;
    }
    let (first, last) = (states[0].percent, states[states.len() - 1].percent);
    let bucket = |state: &State| ((state.percent - first) / (last - first) * most as f64).floor();
    // the first one is kept too: nothing costs less
    let kept =
        |at: usize| at == 0 || states.get(at + 1).is_none_or(|next| bucket(next) > bucket(&states[at]));
    (0..states.len()).filter(|&at| kept(at)).map(|at| states[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frontier_that_is_too_long_keeps_both_ends() {
        let state =
            |i: u32| State { percent: f64::from(i) * 0.001, bytes: 2000 - u64::from(i), from: 0, pick: 0 };
        let thinned = frontier((0..1000).map(state).collect(), 50);
        assert!(thinned.len() <= 52);
        assert_eq!((thinned[0].bytes, thinned[thinned.len() - 1].bytes), (2000, 1001));
        assert!(thinned.is_sorted_by(|a, b| a.percent < b.percent && a.bytes > b.bytes));
        assert!(thinned.windows(2).all(|pair| pair[1].percent - pair[0].percent < 0.041));
    }
}
