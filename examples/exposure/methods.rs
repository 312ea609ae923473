//! How mixes are chosen.

use embag::decide::{MirrorProx, Observed};
use embag::{Context, Recorder, Result};

use crate::problem::{KINDS, Problem};
use crate::score::Score;

/// Days in one submission: the losses are known here, as they would not be to a service.
const DAYS: usize = 100;

/// Mirror prox, on the device.
pub fn mirror_prox(ctx: &Context, problem: &Problem, score: &mut Score) -> Result<()> {
    let rounds = u32::try_from(problem.losses.len()).unwrap_or(u32::MAX);
    let mut described = MirrorProx::builder(ctx, KINDS, problem.groups).horizon(rounds);
    for (kind, &floor) in problem.floors.iter().enumerate() {
        described = described.floor(&[kind], floor)?;
    }
    let mut method = described.build()?;
    for days in problem.losses.chunks(DAYS) {
        let mut rec = Recorder::new(ctx);
        let mut mixes = Vec::with_capacity(days.len());
        for losses in days {
            method.record_decide(&mut rec)?;
            mixes.push(rec.readback::<f32>(method.point().buffer()));
            let gradient = Observed::from_slice(ctx, losses, KINDS, problem.groups)?;
            method.record_observe(&mut rec, &gradient)?;
        }
        rec.run()?;
        for mixes in mixes {
            score.see(&mixes.wait()?);
        }
    }
    Ok(())
}

/// Exponentiated gradient steps on the loss and the price of the floors, prices by how much these were
/// missed: both with steps of one over the root of the days (M. Mahdavi, R. Jin, T. Yang, "Trading regret for
/// efficiency", JMLR 2012, without its regularisation of the prices).
pub fn dual_descent(problem: &Problem, score: &mut Score) {
    let groups = problem.groups;
    let rate = 1.0 / (problem.losses.len() as f64).sqrt();
    let mut mixes = vec![1.0 / KINDS as f64; KINDS * groups];
    let mut prices = vec![0.0f64; KINDS * groups];
    for losses in &problem.losses {
        score.see(&rounded(&mixes));
        for group in 0..groups {
            let at = |kind: usize| kind * groups + group;
            for kind in 0..KINDS {
                let slope = f64::from(losses[at(kind)]) - prices[at(kind)];
                let missed = f64::from(problem.floors[kind]) - mixes[at(kind)];
                mixes[at(kind)] *= (-rate * slope).exp();
                prices[at(kind)] = (prices[at(kind)] + rate * missed).max(0.0);
            }
            let sum: f64 = (0..KINDS).map(|kind| mixes[at(kind)]).sum();
            (0..KINDS).for_each(|kind| mixes[at(kind)] /= sum);
        }
    }
}

/// As much of each kind, which meets all floors of up to a third.
pub fn even_mix(problem: &Problem, score: &mut Score) {
    let mixes = vec![1.0 / KINDS as f32; KINDS * problem.groups];
    problem.losses.iter().for_each(|_| score.see(&mixes));
}

fn rounded(values: &[f64]) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "shares, of which a score needs few digits")]
    let rounded = values.iter().map(|value| *value as f32).collect();
    rounded
}
