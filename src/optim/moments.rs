//! Decay rates of moments, and the corrections of their bias.

use super::Params;
use crate::{Error, Result};

/// Puts the decay rates of two moments into parameters, with the corrections after a number of steps.
///
/// The differences to one are made in `f64`: of `f32` rates too few digits would be left.
#[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
pub(super) fn with_moments(params: Params, betas: [f64; 2], step: u32) -> Params {
    let left = betas.map(|beta| 1.0 - beta.powf(step.into()));
    Params {
        beta1: betas[0] as f32,
        one_minus_beta1: (1.0 - betas[0]) as f32,
        beta2: betas[1] as f32,
        one_minus_beta2: (1.0 - betas[1]) as f32,
        correction1: (1.0 / left[0]) as f32,
        correction2: (1.0 / left[1].sqrt()) as f32,
        ..params
    }
}

pub(super) fn check_betas(betas: [f64; 2]) -> Result<()> {
    match betas.iter().find(|beta| !(0.0..1.0).contains(*beta)) {
        Some(beta) => Err(Error::invalid("betas", "at least 0 and below 1", beta)),
        None => Ok(()),
    }
}
