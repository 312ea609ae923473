//! How messages are paced.

use embag::decide::{Episode, Layers, Move, Moves, Observed, UcPd};
use embag::{Context, Recorder, Result};

use crate::args::Args;
use crate::problem::{ACTIONS, PAIRS, Problem, SLOTS, STATES, pair, states};
use crate::score::Score;

/// Days in one submission: the clicks are known here, as they would not be to a service.
const DAYS: usize = 50;

/// Upper-confidence primal-dual, on the device. Returns the largest residual of its decisions.
#[allow(clippy::cast_possible_truncation, reason = "what the device gets is rounded")]
pub fn upper_confidence(ctx: &Context, problem: &Problem, args: &Args, score: &mut Score<'_>) -> Result<f32> {
    let groups = problem.groups;
    let layers = Layers::new(&STATES, ACTIONS)?;
    let horizon = u32::try_from(problem.rates.len()).unwrap_or(u32::MAX);
    let described = UcPd::builder(ctx, &layers, groups).constraints(1).horizon(horizon);
    let alpha = args.hold * (SLOTS * problem.rates.len()) as f32;
    let mut pd = described.alpha(alpha).confidence(args.confidence).seed(args.seed as u32).build()?;
    let likely = |to: Move| problem.moves(to.instance, to.layer, to.state, to.action)[to.next] as f32;
    let moves = Moves::from_fn(ctx, &layers, groups, likely)?;
    let each = |rows: usize, of: &dyn Fn(usize, usize) -> f64| {
        let values: Vec<f32> = (0..rows * groups).map(|at| of(at / groups, at % groups) as f32).collect();
        Observed::from_slice(ctx, &values, rows, groups)
    };
    let costs = each(PAIRS, &|pair, _| (pair % ACTIONS) as f64)?;
    let budgets = each(1, &|_, _| problem.budget)?;
    let mut residual = 0.0f32;
    for (first, days) in (0u32..).step_by(DAYS).zip(problem.rates.chunks(DAYS)) {
        let mut rec = Recorder::new(ctx);
        let mut policies = Vec::with_capacity(days.len());
        for (day, rates) in (first..).zip(days) {
            pd.record_decide(&mut rec)?;
            policies.push(rec.readback::<f32>(pd.policy().buffer()));
            let path = pd.record_play(&mut rec, &moves, day)?;
            let loss = each(PAIRS, &|at, group| {
                let (slot, tired) = place(at / ACTIONS);
                1.0 - (at % ACTIONS) as f64 * Problem::clicks(rates[group], slot, tired)
            })?;
            let episode = Episode { path: &path, loss: &loss, costs: &costs, budgets: &budgets };
            pd.record_observe(&mut rec, &episode)?;
        }
        rec.run()?;
        for policies in policies {
            let policies = policies.wait()?;
            score.see(|group, pair| f64::from(policies[pair * groups + group]));
        }
        residual = pd.residual()?.to_vec(ctx)?.into_iter().fold(residual, f32::max);
    }
    Ok(residual)
}

/// Slot and fatigue of a state.
fn place(state: usize) -> (usize, usize) {
    let slot = (0..SLOTS).rev().find(|&slot| state >= pair(slot, 0, 0) / ACTIONS).unwrap_or(0);
    (slot, state - pair(slot, 0, 0) / ACTIONS)
}

/// A price of messages for each group, raised by what was sent above the budget, in steps of one over the
/// root of the days; a message is sent in a slot whose messages were clicked more often than that. Fatigue is
/// not looked at.
pub fn dual_descent(problem: &Problem, score: &mut Score<'_>) {
    /// How much of what is known of a slot's clicks stays from day to day.
    const FADING: f64 = 0.95;
    let rate = 1.0 / (problem.rates.len() as f64).sqrt();
    let mut prices = vec![0.0f64; problem.groups];
    let mut clicked = vec![[0.5; SLOTS]; problem.groups];
    for rates in &problem.rates {
        let sends = |group: usize, slot: usize| clicked[group][slot] > prices[group];
        let policy = |group: usize, at: usize| {
            let (slot, _) = place(at / ACTIONS);
            f64::from(u8::from(sends(group, slot) == (at % ACTIONS == 1)))
        };
        score.see(policy);
        let flows: Vec<[f64; PAIRS]> =
            (0..problem.groups).map(|group| problem.flow(group, |at| policy(group, at))).collect();
        for (group, flow) in flows.iter().enumerate() {
            let mut all = 0.0;
            for slot in 0..SLOTS {
                let sent: f64 = (0..states(slot)).map(|tired| flow[pair(slot, tired, 1)]).sum();
                let clicks: f64 = (0..states(slot))
                    .map(|tired| flow[pair(slot, tired, 1)] * Problem::clicks(rates[group], slot, tired))
                    .sum();
                all += sent;
                if sent > 0.0 {
                    let known = &mut clicked[group][slot];
                    *known = FADING * *known + (1.0 - FADING) * clicks / sent;
                }
            }
            prices[group] = (prices[group] + rate * (all - problem.budget)).max(0.0);
        }
    }
}

/// As likely in every slot and state.
pub fn even(problem: &Problem, score: &mut Score<'_>) {
    let share = problem.budget / SLOTS as f64;
    for _ in &problem.rates {
        score.see(|_, at| if at % ACTIONS == 1 { share } else { 1.0 - share });
    }
}
