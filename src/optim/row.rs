//! What the row functions of the optimizers, twins of `shaders/optimizer/`, are made of; each stands with its
//! hyper-parameters in `src/optimizer/`.

use super::Params;
use crate::cpu::norm::norm;
use crate::cpu::row_sum::row_sum;

/// What an optimizer keeps for a row: one value for each element, twice, and words for the row; empty what it
/// does not keep.
pub(crate) struct State<'a> {
    pub(crate) a: &'a mut [f32],
    pub(crate) b: &'a mut [f32],
    pub(crate) row: &'a mut [u32],
}

/// A row with its gradient.
pub(crate) struct Row<'a> {
    pub(crate) w: &'a mut [f32],
    pub(crate) g: &'a [f32],
    /// Occurrences in the batch.
    pub(crate) count: u32,
    /// Memory for as many values as the row has.
    pub(crate) step: &'a mut [f32],
}

/// What an optimizer does to one row. A type and not a function pointer, so that it is compiled into the loop
/// that is vectorised for the processor.
pub(crate) trait RowOptimizer {
    /// Updates a row with its gradient and state.
    fn update(p: &Params, row: Row<'_>, state: State<'_>);
}

/// The mean of the squares of a gradient.
#[inline(always)]
pub(crate) fn mean_square(g: &[f32]) -> f32 {
    row_sum(g, g) / g.len() as f32
}

/// `m = beta1 m + (1 - beta1) g`
#[inline(always)]
pub(crate) fn first_moment(p: &Params, g: &[f32], m: &mut [f32]) {
    for (m, g) in m.iter_mut().zip(g) {
        *m = *m * p.beta1 + g * p.one_minus_beta1;
    }
}

/// `v = beta2 v + (1 - beta2) g^2`
#[inline(always)]
pub(crate) fn second_moment(p: &Params, g: &[f32], v: &mut [f32]) {
    for (v, g) in v.iter_mut().zip(g) {
        *v = *v * p.beta2 + g * g * p.one_minus_beta2;
    }
}

/// [`second_moment`] of a row: `v = beta2 v + (1 - beta2) mean(g^2)`.
#[inline(always)]
pub(crate) fn row_moment(p: &Params, g: &[f32], word: &mut u32) -> f32 {
    let v = f32::from_bits(*word) * p.beta2 + mean_square(g) * p.one_minus_beta2;
    *word = v.to_bits();
    v
}

/// `w -= lr |w| / |u| u`, where the ratio is one for a row or a step of zeros.
#[inline(always)]
pub(crate) fn trusted_step(p: &Params, w: &mut [f32], u: &[f32]) {
    let (step, weight) = (norm(u), norm(w));
    let given = weight.root > 0.0 && step.root > 0.0;
    let ratio = p.lr * if given { weight.root / step.root * (step.times / weight.times) } else { 1.0 };
    for (w, u) in w.iter_mut().zip(u) {
        *w = *w * p.keep - u * ratio;
    }
}
