//! How both sides learn, on the device.

use embag::decide::{Bout, ConstrainedGame, Encounter, FictitiousPlay, Game, Layers, Move, Moves, Observed};
use embag::{Context, Matrix, Recorder, Result};

use crate::args::Args;
use crate::data::random::{mix, unit};
use crate::problem::{AUCTIONS, BIDS, PAIRS, Problem, STATES, meetings};
use crate::score::Score;

/// Days in one submission of the game with budgets.
const DAYS: usize = 50;

/// Moves of both sides.
#[allow(clippy::cast_possible_truncation, reason = "what the device gets is rounded")]
fn moves(ctx: &Context, problem: &Problem, layers: &Layers) -> Result<[Moves; 2]> {
    let of = |side: usize| {
        let likely = |to: Move| {
            let auctions = &problem.auctions[to.instance];
            auctions.moves(side, to.layer, to.state * BIDS + to.action)[to.next] as f32
        };
        Moves::from_fn(ctx, layers, problem.auctions.len(), likely)
    };
    Ok([of(0)?, of(1)?])
}

/// How likely a game's bids are.
fn policies(values: [&[f32]; 2], games: usize) -> impl Fn(usize, usize, usize) -> f64 {
    move |side, game, pair| f64::from(values[side][pair * games + game])
}

/// Fictitious play: rewards are learned from who won.
pub fn fictitious_play(ctx: &Context, problem: &Problem, args: &Args, score: &mut Score<'_>) -> Result<()> {
    let games = problem.auctions.len();
    let layers = Layers::new(&STATES, BIDS)?;
    let horizon = u32::try_from(problem.days).unwrap_or(u32::MAX);
    let game = Game::independent(&layers, &layers)?;
    let mut play = FictitiousPlay::builder(ctx, &game, games).horizon(horizon).seed(seed(args)).build()?;
    let both = moves(ctx, problem, &layers)?;
    for day in 0..horizon {
        let mut rec = Recorder::new(ctx);
        play.record_decide(&mut rec)?;
        let policies_of = play.policies().map(|policy| rec.readback::<f32>(policy.buffer()));
        let paths = play.record_play(&mut rec, [&both[0], &both[1]], day)?;
        let bids = paths.each_ref().map(|path| path.readback(&mut rec));
        rec.run()?;
        let [first, second] = policies_of;
        let (first, second) = (first.wait()?, second.wait()?);
        score.see(policies([&first, &second], games), |_| 0.0);
        let [own, rival] = bids;
        let (own, rival) = (own.wait()?, rival.wait()?);
        let mut won = vec![0.0; AUCTIONS * games];
        for (at, won) in won.iter_mut().enumerate() {
            let (auction, game) = (at / games, at % games);
            let chance = problem.auctions[game].reward(auction, own[at] as usize, rival[at] as usize);
            let drawn = unit(mix(mix(args.seed ^ u64::from(day)) ^ at as u64));
            *won = f32::from(u8::from(drawn < chance));
        }
        let rewards = Observed::from_slice(ctx, &won, AUCTIONS, games)?;
        let mut rec = Recorder::new(ctx);
        play.record_observe(&mut rec, &Bout { paths: [&paths[0], &paths[1]], rewards: &rewards })?;
        rec.run()?;
    }
    Ok(())
}

#[allow(clippy::cast_possible_truncation, reason = "a seed of 32 bits")]
fn seed(args: &Args) -> u32 {
    mix(args.seed) as u32
}

/// The game with a budget of high bids that both share: what either wins in each meeting is learned after the
/// day.
#[allow(clippy::cast_possible_truncation, reason = "what the device gets is rounded")]
pub fn constrained(ctx: &Context, problem: &Problem, args: &Args, score: &mut Score<'_>) -> Result<()> {
    let games = problem.auctions.len();
    let layers = Layers::new(&STATES, BIDS)?;
    let horizon = u32::try_from(problem.days).unwrap_or(u32::MAX);
    let described = ConstrainedGame::builder(ctx, [&layers, &layers], games).constraints(1).horizon(horizon);
    let mut game = described.seed(seed(args)).build()?;
    let both = moves(ctx, problem, &layers)?;
    let mut values = vec![0.0; game.game().meetings() * games];
    for (auction, own, rival) in meetings() {
        let place = |pair: usize| (pair / BIDS, pair % BIDS);
        let row = game.game().meeting(auction, place(own), place(rival))?;
        for (at, own_game) in problem.auctions.iter().enumerate() {
            values[row * games + at] = own_game.reward(auction, own, rival) as f32;
        }
    }
    let rewards = Observed::from_slice(ctx, &values, game.game().meetings(), games)?;
    let high: Vec<f32> = (0..PAIRS * games).map(|at| (at / games % BIDS) as f32).collect();
    let costs = Observed::from_slice(ctx, &high, PAIRS, games)?;
    let budgets = Observed::from_slice(ctx, &vec![problem.budget as f32; games], 1, games)?;
    // the weight of rewards beside queues
    let weight = AUCTIONS as f64 * (problem.days as f64).sqrt();
    let days: Vec<u32> = (0..horizon).collect();
    for days in days.chunks(DAYS) {
        let mut rec = Recorder::new(ctx);
        let mut read = Vec::with_capacity(days.len());
        for &day in days {
            game.record_decide(&mut rec)?;
            let matrices: [&Matrix; 3] = [game.policies()[0], game.policies()[1], game.multipliers()];
            read.push(matrices.map(|matrix| rec.readback::<f32>(matrix.buffer())));
            let paths = game.record_play(&mut rec, [&both[0], &both[1]], day)?;
            let encounter = Encounter {
                paths: [&paths[0], &paths[1]],
                rewards: &rewards,
                costs: [&costs, &costs],
                budgets: &budgets,
            };
            game.record_observe(&mut rec, &encounter)?;
        }
        rec.run()?;
        for [first, second, queues] in read {
            let (first, second, queues) = (first.wait()?, second.wait()?, queues.wait()?);
            score.see(policies([&first, &second], games), |game| f64::from(queues[game]) / weight);
        }
    }
    Ok(())
}

/// Either bid as likely.
pub fn uniform(problem: &Problem, score: &mut Score<'_>) {
    for _ in 0..problem.days {
        score.see(|_, _, _| 1.0 / BIDS as f64, |_| 0.0);
    }
}
