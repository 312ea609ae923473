//! Decisions of many instances at once: rows are entries, columns are instances.

pub(crate) mod backward_dp;
pub(crate) mod flow_price;
pub(crate) mod flow_solve;
pub(crate) mod game_payoff;
#[cfg(feature = "testing")]
pub(crate) mod inputs;
pub(crate) mod mirror_step;
pub(crate) mod model_update;
pub(crate) mod normals;
pub(crate) mod payoff_update;
pub(crate) mod places;
pub(crate) mod play;
pub(crate) mod policy_step;
pub(crate) mod prox_dual;
pub(crate) mod queue_step;
pub(crate) mod reach;
pub(crate) mod tanh;
pub(crate) mod td_step;
pub(crate) mod value_forward;
pub(crate) mod variation_step;

use std::ops::Range;

use crate::cpu::columns::Columns;

/// Instances that one task of a twin takes: a row of theirs is a few cache lines.
pub(crate) const BLOCK: usize = 128;

/// A row of a block, with zeros beyond its end: whole blocks are copied without a call.
#[inline(always)]
pub(crate) fn lanes(row: &[f32]) -> [f32; BLOCK] {
    if let Ok(whole) = <&[f32; BLOCK]>::try_from(row) {
        return *whole;
    }
    let mut lanes = [0.0f32; BLOCK];
    lanes[..row.len()].copy_from_slice(row);
    lanes
}

/// What the instances of a block have, where one's lies `step` elements behind another's.
#[inline(always)]
pub(crate) fn lanes_apart(values: &[f32], step: usize, block: &Range<usize>) -> [f32; BLOCK] {
    if step == 1 {
        return lanes(&values[block.clone()]);
    }
    let mut lanes = [0.0f32; BLOCK];
    let own = values[block.start * step..].iter().step_by(step);
    lanes[..block.len()].iter_mut().zip(own).for_each(|(lane, own)| *lane = *own);
    lanes
}

/// All instances, in blocks.
pub(crate) fn blocks(instances: usize) -> impl Iterator<Item = Range<usize>> {
    (0..instances).step_by(BLOCK).map(move |first| first..(first + BLOCK).min(instances))
}

/// The first rows of a matrix, cut at the blocks.
pub(crate) fn columns<T>(
    matrix: &mut [T],
    rows: usize,
    instances: usize,
) -> impl Iterator<Item = Columns<'_, T>> {
    Columns::split(&mut matrix[..rows * instances], instances, blocks(instances)).into_iter()
}

/// The rows of an instance's rates, as in `decide/rates.wgsl`.
pub(crate) mod rates {
    /// What the variation of the losses is taken to be at most.
    pub(crate) const GUESS: usize = 0;
    /// What it came to so far.
    pub(crate) const SEEN: usize = 1;
    /// The factor of the constraints (gamma).
    pub(crate) const WEIGHT: usize = 2;
    /// How strongly a step is held back (alpha).
    pub(crate) const PULL: usize = 3;
    /// The square of a bound of the constraints' gradients.
    pub(crate) const STEEP: usize = 4;
    /// How many there are.
    pub(crate) const COUNT: usize = 5;
}
