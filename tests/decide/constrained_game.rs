//! `ConstrainedGame`: violations grow as the root of the episodes, and what either side could win by another
//! policy, prices included, shrinks. (The gap of the rewards alone does not, where a budget binds.)

use std::ops::Range;

use embag::decide::{ConstrainedGame, Encounter, Observed};
use embag::{Checkpoint, Context, Recorder};

use crate::games::{Table, layers, moves};
use crate::process::{ACTIONS, PAIRS, table};
use crate::{Random, altered, column, common, dot, is_repeated, observed, slope};

const INSTANCES: usize = 128;

struct Budgeted {
    table: Table,
    costs: [Vec<f64>; 2],
    budget: f64,
}

impl Budgeted {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let game = Table::new(&mut random, false);
        let costs = [table(PAIRS, &mut random), table(PAIRS, &mut random)];
        let even = [1.0 / ACTIONS as f64; PAIRS];
        let budgets = game.walks.iter().zip(&costs).map(|(walk, costs)| {
            let least = walk.best(costs).0;
            least + 0.4 * (dot(costs, &walk.flow(&even)) - least)
        });
        let budget = budgets.sum();
        Self { table: game, costs, budget }
    }

    /// What both sides together could win against these mean flows by the best policies, at a price.
    fn exploitability(&self, flows: &[Vec<f64>; 2], price: f64) -> f64 {
        let mut slopes = [vec![0.0; PAIRS], vec![0.0; PAIRS]];
        for (own, rival, meeting) in self.table.all_met() {
            slopes[0][own] -= self.table.rewards[meeting] * flows[1][rival];
            slopes[1][rival] += self.table.rewards[meeting] * flows[0][own];
        }
        let of = |side: usize| {
            let priced: Vec<f64> = slopes[side]
                .iter()
                .zip(&self.costs[side])
                .map(|(slope, cost)| slope + price * cost)
                .collect();
            dot(&priced, &flows[side]) - self.table.walks[side].best(&priced).0
        };
        of(0) + of(1)
    }
}

/// Instances, and what draws the noise of their costs.
struct World {
    games: Vec<Budgeted>,
    random: Vec<Random>,
    rewards: Observed,
    budgets: Observed,
    constraints: usize,
    /// What the second side's were seen to be last.
    costs: Vec<f32>,
}

impl World {
    fn new(ctx: &Context, instances: usize, has_budgets: bool) -> Self {
        let seeds = || 0..instances as u64;
        let games: Vec<Budgeted> = seeds().map(|seed| Budgeted::new(1_000 + seed)).collect();
        let rewards =
            observed(ctx, games[0].table.rewards.len(), instances, |row, i| games[i].table.rewards[row]);
        let budgets = observed(ctx, 1, instances, |_, i| if has_budgets { games[i].budget } else { 100.0 });
        Self {
            games,
            random: seeds().map(Random::new).collect(),
            rewards,
            budgets,
            constraints: 1,
            costs: Vec::new(),
        }
    }

    /// Policies and multipliers of some episodes.
    fn play(
        &mut self,
        ctx: &Context,
        game: &mut ConstrainedGame,
        rounds: Range<usize>,
    ) -> Vec<[Vec<f32>; 3]> {
        let n = self.games.len();
        let both = [0, 1].map(|side| moves(ctx, self.games.iter().map(|game| &game.table.walks[side])));
        let mut rec = Recorder::new(ctx);
        let mut all = Vec::new();
        for round in rounds {
            game.record_decide(&mut rec).unwrap();
            let [first, second] = game.policies().map(|policy| rec.readback(policy.buffer()));
            all.push([first, second, rec.readback(game.multipliers().buffer())]);
            let paths = game.record_play(&mut rec, [&both[0], &both[1]], round as u32).unwrap();
            let (games, random) = (&self.games, &mut self.random);
            let [first, second] = [0, 1].map(|side| {
                observed(ctx, PAIRS, n, |pair, i| games[i].costs[side][pair] + 0.1 * random[i].normal())
            });
            let none = Observed::from_slice(ctx, &[], 0, n).unwrap();
            let is_free = self.constraints == 0;
            let encounter = Encounter {
                paths: [&paths[0], &paths[1]],
                rewards: &self.rewards,
                costs: if is_free { [&none; 2] } else { [&first, &second] },
                budgets: if is_free { &none } else { &self.budgets },
            };
            game.record_observe(&mut rec, &encounter).unwrap();
            self.costs = second.matrix().to_vec(ctx).unwrap();
        }
        rec.run().unwrap();
        all.into_iter().map(|episode| episode.map(|values| values.wait().unwrap())).collect()
    }
}

/// Means over the instances of what a run came to.
#[derive(Debug, Clone, Copy, Default)]
struct Ran {
    exploitability: f64,
    /// Of the costs over the budgets, at least 0.
    violation: f64,
    /// The largest of all.
    residual: f64,
}

/// Gives the second side its next price with the wrong sign of the multiplier, as if the price were its
/// gain: what is kept is exported, changed, and imported. `costs` are those that it saw last.
fn take_the_price_for_a_gain(ctx: &Context, game: &mut ConstrainedGame, costs: &[f32], rounds: usize) {
    let mut saved = Checkpoint::new();
    game.export(&mut saved, "game").unwrap();
    let queues = game.multipliers().to_vec(ctx).unwrap();
    let rate = std::f32::consts::LOG2_E / (3 * rounds) as f32;
    let n = queues.len();
    let changed =
        altered(&saved, "game.second.price", |at, price| price + 2.0 * rate * queues[at % n] * costs[at]);
    game.import(&changed, "game").unwrap();
}

fn run(rounds: usize, is_cooperative: bool) -> Ran {
    let ctx = Context::cpu();
    let mut world = World::new(&ctx, INSTANCES, true);
    let described = ConstrainedGame::builder(&ctx, [&layers(), &layers()], INSTANCES).constraints(1);
    let mut game = described.horizon(rounds as u32).seed(9).build().unwrap();
    let mut flows = vec![[vec![0.0; PAIRS], vec![0.0; PAIRS]]; INSTANCES];
    let (mut over, mut price) = (vec![0.0; INSTANCES], vec![0.0; INSTANCES]);
    let mut ran = Ran::default();
    let at_once = if is_cooperative { 50 } else { 1 };
    for first in (0..rounds).step_by(at_once) {
        for [own, rival, queues] in world.play(&ctx, &mut game, first..first + at_once) {
            for (i, game) in world.games.iter().enumerate() {
                let policies = [&own, &rival].map(|policy| column(policy, i, INSTANCES));
                let now = game.table.flows([&policies[0], &policies[1]]);
                over[i] += dot(&game.costs[0], &now[0]) + dot(&game.costs[1], &now[1]) - game.budget;
                for (sums, now) in flows[i].iter_mut().zip(&now) {
                    sums.iter_mut().zip(now).for_each(|(sum, now)| *sum += now / rounds as f64);
                }
                // the weight of rewards is the number of layers times the root of the episodes
                price[i] += f64::from(queues[i]) / (rounds as f64 * 3.0 * (rounds as f64).sqrt());
            }
        }
        if !is_cooperative {
            take_the_price_for_a_gain(&ctx, &mut game, &world.costs, rounds);
        }
        for residual in game.residuals().unwrap() {
            let residual = residual.to_vec(&ctx).unwrap();
            ran.residual = residual.into_iter().map(f64::from).fold(ran.residual, f64::max);
        }
    }
    let mean = |of: &dyn Fn(usize) -> f64| (0..INSTANCES).map(of).sum::<f64>() / INSTANCES as f64;
    ran.exploitability = mean(&|i| world.games[i].exploitability(&flows[i], price[i]));
    ran.violation = mean(&|i| over[i].max(0.0));
    ran
}

#[test]
fn what_can_be_won_at_the_price_shrinks_and_violations_grow_as_the_root() {
    if is_repeated() {
        return;
    }
    let rounds = [1_000, 2_000, 4_000, 8_000];
    let all = rounds.map(|rounds| run(rounds, true));
    println!("{all:?}");
    for ((ran, rounds), expected) in all.iter().zip(rounds).zip([0.209, 0.158, 0.117, 0.087]) {
        assert!((ran.exploitability / expected - 1.0).abs() < 0.2, "{ran:?}");
        let violation = ran.violation / (rounds as f64).sqrt();
        assert!((2.0..3.0).contains(&violation), "{violation}");
        assert!(ran.residual <= 1e-5);
    }
    assert!(all[3].violation / all[0].violation / 8.0f64.sqrt() < 1.25);
}

#[test]
fn a_rival_to_whom_the_price_is_a_gain_violates_in_every_episode() {
    if is_repeated() {
        return;
    }
    let [short, long] = [250, 1_000].map(|rounds| run(rounds, false));
    println!("{short:?} {long:?}");
    assert!(slope(short.violation, long.violation, 4.0) > 0.9);
    assert!(long.violation > 0.4 * 1_000.0);
}

#[test]
fn budgets_above_all_costs_leave_the_bits_of_no_budgets() {
    let ctx = Context::cpu();
    let of = |constraints: usize| {
        let described = ConstrainedGame::builder(&ctx, [&layers(), &layers()], 5).constraints(constraints);
        let mut game = described.horizon(100).build().unwrap();
        let mut world = World::new(&ctx, 5, false);
        world.constraints = constraints;
        let all = world.play(&ctx, &mut game, 0..50);
        all.into_iter().map(|[own, rival, _]| [own, rival]).collect::<Vec<_>>()
    };
    assert_eq!(of(1), of(0));
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    let of = |ctx: &Context| {
        let described = ConstrainedGame::builder(ctx, [&layers(), &layers()], 100).constraints(1);
        let mut game = described.horizon(50).build().unwrap();
        World::new(ctx, 100, true).play(ctx, &mut game, 0..30)
    };
    assert!(of(&Context::cpu()) == of(&gpu));
}

#[test]
fn what_was_saved_goes_on_with_the_same_bits() {
    let ctx = Context::cpu();
    let build = || {
        let described = ConstrainedGame::builder(&ctx, [&layers(), &layers()], 5).constraints(1);
        described.horizon(50).build().unwrap()
    };
    let whole = World::new(&ctx, 5, true).play(&ctx, &mut build(), 0..20);
    let mut world = World::new(&ctx, 5, true);
    let mut first = build();
    world.play(&ctx, &mut first, 0..10);
    let mut checkpoint = Checkpoint::new();
    first.export(&mut checkpoint, "game").unwrap();
    let mut second = build();
    second.import(&checkpoint, "game").unwrap();
    assert_eq!(world.play(&ctx, &mut second, 10..20), whole[10..]);
    let mut other = ConstrainedGame::builder(&ctx, [&layers(), &layers()], 5).build().unwrap();
    let error = other.import(&checkpoint, "game").unwrap_err().to_string();
    assert!(error.contains("game.first.kept"), "{error}");
}
