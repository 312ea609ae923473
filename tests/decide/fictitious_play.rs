//! `FictitiousPlay`: regret of both sides grows as the root of the episodes, in either class of games.

use embag::decide::{Bout, FictitiousPlay, Game, Layers};
use embag::{Checkpoint, Context, Recorder};

use crate::games::{Table, layers, moves};
use crate::process::{ACTIONS, PAIRS, STEPS};
use crate::{Random, column, common, dot, is_repeated, observed, slope};

const INSTANCES: usize = 32;

fn game(is_shared: bool) -> Game {
    match is_shared {
        true => Game::single_controller(&layers(), ACTIONS).unwrap(),
        false => Game::independent(&layers(), &layers()).unwrap(),
    }
}

fn tables(instances: usize, is_shared: bool) -> Vec<Table> {
    (0..instances as u64).map(|seed| Table::new(&mut Random::new(500 + seed), is_shared)).collect()
}

/// What either side would have gained, had it known, by the best policy for all episodes, and what it had.
struct Hindsight<'a> {
    table: &'a Table,
    worth: [Vec<f64>; 2],
    gained: f64,
}

impl<'a> Hindsight<'a> {
    fn new(table: &'a Table) -> Self {
        Self { table, worth: [vec![0.0; PAIRS], vec![0.0; PAIRS]], gained: 0.0 }
    }

    fn see(&mut self, policies: [&[f64]; 2]) {
        let worth = self.table.worth(policies);
        let flows = self.table.flows(policies);
        self.gained += dot(&worth[0], &flows[0]);
        for (sums, worth) in self.worth.iter_mut().zip(&worth) {
            sums.iter_mut().zip(worth).for_each(|(sum, worth)| *sum += worth);
        }
    }

    /// Of both sides together.
    fn regret(&self) -> f64 {
        let [first, second] = &self.worth;
        let lost: Vec<f64> = first.iter().map(|worth| -worth).collect();
        let most = -self.table.walks[0].best(&lost).0;
        let least = match self.table.is_shared {
            // what the second side does changes no state: its best action in each
            true => second.chunks(ACTIONS).map(|state| state.iter().copied().fold(f64::MAX, f64::min)).sum(),
            false => self.table.walks[1].best(second).0,
        };
        most - least
    }
}

/// Plays episodes on; `see` gets policies.
fn play(
    ctx: &Context,
    method: &mut FictitiousPlay,
    tables: &[Table],
    rounds: std::ops::Range<usize>,
    mut see: impl FnMut([&[f32]; 2]),
) {
    let n = tables.len();
    let both = [0, 1].map(|side| moves(ctx, tables.iter().map(|table| &table.walks[side])));
    for round in rounds {
        let mut rec = Recorder::new(ctx);
        method.record_decide(&mut rec).unwrap();
        let paths = method.record_play(&mut rec, [&both[0], &both[1]], round as u32).unwrap();
        rec.run().unwrap();
        let policies = method.policies().map(|policy| policy.to_vec(ctx).unwrap());
        see([&policies[0], &policies[1]]);
        let pairs = paths.each_ref().map(|path| path.to_vec(ctx).unwrap());
        // an instance's draws do not depend on how many there are
        let draw = |layer, i| Random::new(((round * STEPS + layer) * 100_003 + i) as u64).unit();
        let rewards = observed(ctx, STEPS, n, |layer, i| {
            let [own, rival] = pairs.each_ref().map(|pairs| pairs[layer * n + i] as usize);
            let mean = tables[i].rewards[tables[i].meeting(layer, own, rival)];
            f64::from(draw(layer, i) < mean)
        });
        let mut rec = Recorder::new(ctx);
        let bout = Bout { paths: [&paths[0], &paths[1]], rewards: &rewards };
        method.record_observe(&mut rec, &bout).unwrap();
        rec.run().unwrap();
    }
}

/// Regrets of both sides together, means over the instances: of the method, and of uniform policies.
fn run(rounds: usize, is_shared: bool) -> [f64; 2] {
    let ctx = Context::cpu();
    let tables = tables(INSTANCES, is_shared);
    let described = FictitiousPlay::builder(&ctx, &game(is_shared), INSTANCES).horizon(rounds as u32);
    let mut method = described.seed(3).build().unwrap();
    let mut scores: Vec<Hindsight<'_>> = tables.iter().map(Hindsight::new).collect();
    let mut uniform: Vec<Hindsight<'_>> = tables.iter().map(Hindsight::new).collect();
    let even = [1.0 / ACTIONS as f64; PAIRS];
    play(&ctx, &mut method, &tables, 0..rounds, |policies| {
        for (i, (score, uniform)) in scores.iter_mut().zip(&mut uniform).enumerate() {
            let policies = policies.map(|policy| column(policy, i, INSTANCES));
            score.see([&policies[0], &policies[1]]);
            uniform.see([&even, &even]);
        }
    });
    let mean =
        |scores: &[Hindsight<'_>]| scores.iter().map(Hindsight::regret).sum::<f64>() / INSTANCES as f64;
    [mean(&scores), mean(&uniform)]
}

#[test]
fn the_gap_closes_as_the_root_of_the_episodes() {
    if is_repeated() {
        return;
    }
    let rounds = [500, 2_000, 8_000];
    for (is_shared, expected) in [(false, Some([0.291, 0.162, 0.083])), (true, None)] {
        let [short, middle, long] = rounds.map(|rounds| run(rounds, is_shared));
        let gaps = [short[0] / 500.0, middle[0] / 2_000.0, long[0] / 8_000.0];
        let slope_of = |of: usize| slope(short[of], long[of], 16.0);
        println!("one controller: {is_shared}, gap/K {gaps:?}, slopes {} {}", slope_of(0), slope_of(1));
        for (gap, expected) in gaps.iter().zip(expected.unwrap_or(gaps)) {
            assert!((gap / expected - 1.0).abs() < 0.2, "{gap} {expected}");
        }
        assert!((0.4..0.65).contains(&slope_of(0)) && gaps[2] < 0.35 * gaps[0]);
        // who learns nothing loses as much in every episode
        assert!((slope_of(1) - 1.0).abs() < 1e-3 && short[1] > short[0]);
    }
}

/// Policies of some episodes.
fn policies(
    ctx: &Context,
    method: &mut FictitiousPlay,
    tables: &[Table],
    rounds: std::ops::Range<usize>,
) -> Vec<Vec<f32>> {
    let mut all = Vec::new();
    play(ctx, method, tables, rounds, |policies| all.extend(policies.map(<[f32]>::to_vec)));
    all
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    for is_shared in [false, true] {
        let of = |ctx: &Context| {
            let mut method = FictitiousPlay::builder(ctx, &game(is_shared), 100).horizon(50).build().unwrap();
            policies(ctx, &mut method, &tables(100, is_shared), 0..20)
        };
        assert!(of(&Context::cpu()) == of(&gpu));
    }
}

#[test]
fn an_instance_does_not_depend_on_its_neighbours() {
    let ctx = Context::cpu();
    let of = |instances: usize| {
        let mut method = FictitiousPlay::builder(&ctx, &game(false), instances).horizon(50).build().unwrap();
        policies(&ctx, &mut method, &tables(instances, false), 0..20)
    };
    for (many, few) in of(200).iter().zip(of(3)) {
        for (row, few) in few.chunks(3).enumerate() {
            assert_eq!(&many[row * 200..][..3], few);
        }
    }
}

#[test]
fn what_was_saved_goes_on_with_the_same_bits() {
    let ctx = Context::cpu();
    for is_shared in [false, true] {
        let build = || FictitiousPlay::builder(&ctx, &game(is_shared), 5).horizon(50).build().unwrap();
        let tables = tables(5, is_shared);
        let whole = policies(&ctx, &mut build(), &tables, 0..20);
        let mut first = build();
        policies(&ctx, &mut first, &tables, 0..10);
        let mut checkpoint = Checkpoint::new();
        first.export(&mut checkpoint, "game").unwrap();
        let mut second = build();
        second.import(&Checkpoint::from_bytes(&checkpoint.to_bytes().unwrap()).unwrap(), "game").unwrap();
        assert_eq!(policies(&ctx, &mut second, &tables, 10..20), whole[20..]);
        let mut other = FictitiousPlay::builder(&ctx, &game(!is_shared), 5).build().unwrap();
        let error = other.import(&checkpoint, "game").unwrap_err().to_string();
        assert!(error.contains("game.meetings"), "{error}");
    }
}

#[test]
fn mistakes_are_errors_and_record_nothing() {
    let ctx = Context::cpu();
    let two = Layers::new(&[1, 1], 2).unwrap();
    let error = Game::independent(&layers(), &two).unwrap_err().to_string();
    assert_eq!(error, "layers: expected as many of both sides, got 4 and 2");
    let error = Game::single_controller(&layers(), 0).unwrap_err().to_string();
    assert_eq!(error, "actions: expected at least 1, got 0");
    let shared = game(true);
    assert_eq!(shared.meeting(1, (1, 0), (1, 1)).unwrap(), 4 + 5);
    assert_eq!(game(false).meeting(1, (1, 0), (0, 1)).unwrap(), 4 + 2 * 4 + 1);
    let error = shared.meeting(1, (1, 0), (0, 1)).unwrap_err().to_string();
    assert_eq!(error, "second: expected state 1, got state 0");
    let refused = |builder: embag::decide::FictitiousPlayBuilder| builder.build().unwrap_err().to_string();
    let some = |instances| FictitiousPlay::builder(&ctx, &game(false), instances);
    assert_eq!(refused(some(0)), "instances: expected at least 1, got 0");
    assert_eq!(refused(some(1).horizon(0)), "horizon: expected at least 1, got 0");
    assert_eq!(refused(some(1).bonus(-1.0)), "bonus: expected a finite number of at least 0, got -1");
    let mut method = some(2).build().unwrap();
    let tables = tables(2, false);
    let both = [0, 1].map(|side| moves(&ctx, tables.iter().map(|table| &table.walks[side])));
    let mut rec = Recorder::new(&ctx);
    method.record_decide(&mut rec).unwrap();
    let paths = method.record_play(&mut rec, [&both[0], &both[1]], 0).unwrap();
    let paths = [&paths[0], &paths[1]];
    let high = observed(&ctx, STEPS, 2, |layer, _| layer as f64);
    let error = method.record_observe(&mut rec, &Bout { paths, rewards: &high }).unwrap_err().to_string();
    assert_eq!(error, "rewards: expected numbers from 0 to 1, got numbers from 0 to 2");
    let few = observed(&ctx, 1, 2, |_, _| 0.0);
    let error = method.record_observe(&mut rec, &Bout { paths, rewards: &few }).unwrap_err().to_string();
    assert_eq!(error, "rewards: expected 3 x 2, got 1 x 2");
}

#[test]
fn what_a_software_adapter_would_end_early_is_an_error() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    let wide = Layers::new(&[1, 200, 200, 1], 2).unwrap();
    let game = Game::independent(&wide, &wide).unwrap();
    let error = FictitiousPlay::builder(&gpu, &game, 1).build().unwrap_err().to_string();
    assert!(error.starts_with("layers: expected at most") && error.contains("software adapter"), "{error}");
    assert!(FictitiousPlay::builder(&Context::cpu(), &game, 1).build().is_ok());
}
