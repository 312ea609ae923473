//! `UcPd` on losses that take turns: violations and queues grow as the root of the episodes, regret a little
//! faster. Regrets differ more between instances than they are large, so that a mean takes many.

use std::ops::Range;

use embag::decide::{Episode, Layers, Moves, Observed, Path, UcPd};
use embag::jagged::{Offsets, segment_sum};
use embag::{Buffer, Checkpoint, Context, Matrix, Recorder, Result};

use crate::games::{layers, moves};
use crate::process::{PAIRS, Process, STEPS, first_pair};
use crate::{Random, column, common, dot, is_repeated, observed, slope};

const INSTANCES: usize = 128;

/// Means over the instances of what runs came to.
#[derive(Debug, Clone, Copy, Default)]
struct Ran {
    regret: f64,
    /// Of the costs over the budgets, at least 0.
    violation: f64,
    queue: f64,
    epochs: f64,
    /// The largest of all.
    residual: f64,
    /// The regret of the policy that costs least.
    cheapest: f64,
}

/// Instances, and what draws the noise of their costs.
struct World {
    processes: Vec<Process>,
    random: Vec<Random>,
}

impl World {
    fn new(instances: usize) -> Self {
        let seeds = || 0..instances as u64;
        Self {
            processes: seeds().map(|seed| Process::new(7000 + seed)).collect(),
            random: seeds().map(|seed| Random::new(90_000 + seed)).collect(),
        }
    }

    fn moves(&self, ctx: &Context) -> Moves {
        moves(ctx, self.processes.iter().map(|process| &process.walk))
    }

    /// Records what comes of a path.
    fn record(&mut self, rec: &mut Recorder, pd: &mut UcPd, path: &Path, round: usize) {
        let ctx = rec.context().clone();
        let (processes, random, n) = (&self.processes, &mut self.random, self.processes.len());
        let loss = observed(&ctx, PAIRS, n, |pair, i| processes[i].loss(round)[pair]);
        let costs = observed(&ctx, PAIRS, n, |pair, i| processes[i].costs[pair] + 0.1 * random[i].normal());
        let budgets = observed(&ctx, 1, n, |_, i| processes[i].budget);
        let episode = Episode { path, loss: &loss, costs: &costs, budgets: &budgets };
        pd.record_observe(rec, &episode).unwrap();
    }
}

/// Policies of some episodes, which are played by the device.
fn policies(ctx: &Context, pd: &mut UcPd, world: &mut World, rounds: Range<usize>) -> Vec<Vec<f32>> {
    let moves = world.moves(ctx);
    let mut rec = Recorder::new(ctx);
    let mut all = Vec::new();
    for round in rounds {
        pd.record_decide(&mut rec).unwrap();
        all.push(rec.readback(pd.policy().buffer()));
        let path = pd.record_play(&mut rec, &moves, round as u32).unwrap();
        world.record(&mut rec, pd, &path, round);
    }
    rec.run().unwrap();
    all.into_iter().map(|policy| policy.wait().unwrap()).collect()
}

fn run(rounds: usize, confidence: f32) -> Ran {
    let ctx = Context::cpu();
    let mut world = World::new(INSTANCES);
    let described = UcPd::builder(&ctx, &layers(), INSTANCES).constraints(1).horizon(rounds as u32);
    let mut pd = described.confidence(confidence).seed(5).build().unwrap();
    let mut sums = vec![vec![0.0; PAIRS]; INSTANCES];
    let (mut lost, mut over) = (vec![0.0; INSTANCES], vec![0.0; INSTANCES]);
    let mut ran = Ran::default();
    for first in (0..rounds).step_by(50) {
        for (round, policy) in (first..).zip(policies(&ctx, &mut pd, &mut world, first..first + 50)) {
            for (instance, process) in world.processes.iter().enumerate() {
                let flow = process.walk.flow(&column(&policy, instance, INSTANCES));
                let loss = process.loss(round);
                lost[instance] += dot(loss, &flow);
                over[instance] += dot(&process.costs, &flow) - process.budget;
                sums[instance].iter_mut().zip(loss).for_each(|(sum, loss)| *sum += loss);
            }
        }
        let residual = pd.residual().unwrap().to_vec(&ctx).unwrap();
        ran.residual = residual.into_iter().map(f64::from).fold(ran.residual, f64::max);
    }
    let mean = |of: &dyn Fn(usize) -> f64| (0..INSTANCES).map(of).sum::<f64>() / INSTANCES as f64;
    let least = |i: usize| world.processes[i].least(&sums[i], rounds as f64);
    ran.regret = mean(&|i| lost[i] - least(i));
    ran.violation = mean(&|i| over[i].max(0.0));
    ran.cheapest = mean(&|i| {
        let process = &world.processes[i];
        dot(&sums[i], &process.walk.flow(&process.walk.best(&process.costs).1)) - least(i)
    });
    let queues = pd.multipliers().to_vec(&ctx).unwrap();
    ran.queue = mean(&|i| f64::from(queues[i]));
    let epochs = pd.epochs().unwrap();
    ran.epochs = mean(&|i| f64::from(epochs[i]));
    ran
}

#[test]
fn violations_grow_as_the_root_of_the_episodes_and_regret_little_faster() {
    if is_repeated() {
        return;
    }
    let [short, long] = [1_000, 8_000].map(|rounds| run(rounds, 0.0));
    println!("1k {short:?}\n8k {long:?}");
    let grown = |of: fn(&Ran) -> f64| of(&long) / of(&short);
    let root = 8.0f64.sqrt();
    assert!(short.regret > 10.0 && slope(short.regret, long.regret, 8.0) < 0.6);
    assert!(short.violation > 10.0 && grown(|ran| ran.violation) / root < 1.25);
    assert!(short.queue > 10.0 && grown(|ran| ran.queue) / root < 1.25);
    assert!(short.residual <= 1e-5 && long.residual <= 1e-5);
    assert!(short.epochs > 10.0 && long.epochs < short.epochs + 12.0);
    // always the cheapest policy: within the budget, and worse by as much in every episode
    assert!(slope(short.cheapest, long.cheapest, 8.0) > 0.9 && long.cheapest > 2.0 * long.regret);
}

#[test]
fn hope_for_what_was_seen_little_costs_some_regret() {
    if is_repeated() {
        return;
    }
    let [short, long] = [1_000, 8_000].map(|rounds| run(rounds, 0.3));
    println!("confidence .3: 1k {short:?}\n8k {long:?}");
    assert!(short.regret > 10.0 && slope(short.regret, long.regret, 8.0) < 0.85);
    let grown = |of: fn(&Ran) -> f64| of(&long) / of(&short);
    assert!(grown(|ran| ran.violation + 1.0) / 8.0f64.sqrt() < 1.25);
    assert!(short.residual <= 1e-5 && long.residual <= 1e-5);
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    for confidence in [0.0, 0.3] {
        let of = |ctx: &Context| {
            let described = UcPd::builder(ctx, &layers(), 100).constraints(1).horizon(50);
            let mut pd = described.confidence(confidence).build().unwrap();
            policies(ctx, &mut pd, &mut World::new(100), 0..30)
        };
        assert!(of(&Context::cpu()) == of(&gpu));
    }
}

#[test]
fn a_decision_takes_no_more_sweeps_than_it_may() {
    let left = |ctx: &Context, sweeps: u32| {
        let described = UcPd::builder(ctx, &layers(), 5).constraints(1).horizon(50);
        let mut pd = described.tolerance(1e-12).sweeps(sweeps).build().unwrap();
        policies(ctx, &mut pd, &mut World::new(5), 0..20);
        pd.residual().unwrap().to_vec(ctx).unwrap()
    };
    let cpu = Context::cpu();
    let [one, many] = [1, 300].map(|sweeps| left(&cpu, sweeps));
    assert!(one.iter().zip(&many).all(|(one, many)| one > many), "{one:?} {many:?}");
    // however they are divided among dispatches
    if let Some(gpu) = common::gpu().filter(common::is_exact) {
        assert_eq!([left(&gpu, 1), left(&gpu, 300)], [one, many]);
    }
}

#[test]
fn the_flow_of_each_layer_adds_up_to_one() {
    let ctx = Context::cpu();
    let instances = 5;
    let mut pd = UcPd::builder(&ctx, &layers(), instances).constraints(1).horizon(50).build().unwrap();
    // before the first decision all actions are equally likely
    assert_eq!(pd.policy().to_vec(&ctx).unwrap(), [0.5; PAIRS * 5]);
    policies(&ctx, &mut pd, &mut World::new(instances), 0..20);
    // pairs of a layer lie one after another, as values of a segment do
    let offsets: Vec<u32> = (0..=STEPS).map(|layer| first_pair(layer) as u32).collect();
    let mut rec = Recorder::new(&ctx);
    let offsets = Offsets::new(&mut rec, Buffer::from_slice(&ctx, &offsets).unwrap(), PAIRS).unwrap();
    let sums = Matrix::zeros(&ctx, STEPS, instances).unwrap();
    segment_sum(&mut rec, &offsets, pd.occupancy(), &sums).unwrap();
    rec.run().unwrap();
    let sums = sums.to_vec(&ctx).unwrap();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{sums:?}");
}

#[test]
fn an_instance_does_not_depend_on_its_neighbours() {
    let ctx = Context::cpu();
    let of = |instances: usize| {
        let mut pd = UcPd::builder(&ctx, &layers(), instances).constraints(1).horizon(50).build().unwrap();
        policies(&ctx, &mut pd, &mut World::new(instances), 0..30)
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
    let build = || UcPd::builder(&ctx, &layers(), 5).constraints(1).horizon(50).build().unwrap();
    let mut world = World::new(5);
    let whole = policies(&ctx, &mut build(), &mut world, 0..20);
    let mut world = World::new(5);
    let mut first = build();
    policies(&ctx, &mut first, &mut world, 0..10);
    let mut checkpoint = Checkpoint::new();
    first.export(&mut checkpoint, "pd").unwrap();
    let mut second = build();
    second.import(&Checkpoint::from_bytes(&checkpoint.to_bytes().unwrap()).unwrap(), "pd").unwrap();
    assert_eq!(policies(&ctx, &mut second, &mut world, 10..20), whole[10..]);
}

#[test]
fn a_process_without_constraints_or_choices_is_one() {
    let ctx = Context::cpu();
    let layers = Layers::new(&[1, 1], 1).unwrap();
    let mut pd = UcPd::builder(&ctx, &layers, 2).horizon(3).build().unwrap();
    let path = Path::from_slice(&ctx, &layers, 2, &[0, 0]).unwrap();
    let [loss, none] = [1, 0].map(|rows| observed(&ctx, rows, 2, |_, _| 0.0));
    for _ in 0..3 {
        let mut rec = Recorder::new(&ctx);
        pd.record_decide(&mut rec).unwrap();
        let episode = Episode { path: &path, loss: &loss, costs: &none, budgets: &none };
        pd.record_observe(&mut rec, &episode).unwrap();
        rec.run().unwrap();
    }
    assert_eq!(pd.policy().to_vec(&ctx).unwrap(), [1.0, 1.0]);
}

#[test]
fn mistakes_are_errors_and_record_nothing() {
    let ctx = Context::cpu();
    let text = |result: Result<Layers>| result.unwrap_err().to_string();
    assert_eq!(text(Layers::new(&[1], 2)), "layers: expected at least 2, got 1");
    assert_eq!(
        text(Layers::new(&[1, 0, 1], 2)),
        "states: expected at least 1 in each layer, got 0 in layer 1"
    );
    assert_eq!(text(Layers::new(&[2, 1], 2)), "the first layer: expected 1 state, got 2");
    assert_eq!(text(Layers::new(&[1, 3], 2)), "the last layer: expected 1 state, got 3");
    assert_eq!(text(Layers::new(&[1, 2, 1], 0)), "actions: expected at least 1, got 0");
    assert_eq!(layers().pair(1, 1, 0).unwrap(), 4);
    assert_eq!(layers().pair(1, 2, 0).unwrap_err().to_string(), "state: expected a number below 2, got 2");
    let builder = |instances| UcPd::builder(&ctx, &layers(), instances).constraints(1);
    let refused = |builder: embag::decide::UcPdBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(refused(builder(0)), "instances: expected at least 1, got 0");
    assert_eq!(refused(builder(2).horizon(0)), "horizon: expected at least 1, got 0");
    assert_eq!(refused(builder(2).alpha(0.0)), "alpha: expected a finite number above 0, got 0");
    assert_eq!(refused(builder(2).mix(1.5)), "mix: expected a share from 1e-20 to 1, got 1.5");
    let path = |pairs: &[u32]| Path::from_slice(&ctx, &layers(), 2, pairs).map(drop).unwrap_err().to_string();
    assert_eq!(path(&[0; 4]), "path: expected 3 layers x 2 instances, got 4 pairs");
    assert_eq!(path(&[0, 0, 0, 4, 0, 0]), "path: expected pairs below 4 in layer 1, got 4 of instance 1");
    let mut pd = builder(2).build().unwrap();
    let good = Path::from_slice(&ctx, &layers(), 2, &[0; 6]).unwrap();
    let [pairs, one] = [PAIRS, 1].map(|rows| observed(&ctx, rows, 2, |_, _| 0.0));
    let mut rec = Recorder::new(&ctx);
    let episode = Episode { path: &good, loss: &one, costs: &pairs, budgets: &one };
    let error = pd.record_observe(&mut rec, &episode).unwrap_err().to_string();
    assert_eq!(error, "loss: expected 10 x 2, got 1 x 2");
    let (good_loss, low) = (pairs.clone(), observed(&ctx, 1, 2, |_, instance| -1.0 - instance as f64));
    let high = observed(&ctx, PAIRS, 2, |pair, _| pair as f64 / 4.0);
    let mut refused = |loss: &Observed, budgets: &Observed| {
        let episode = Episode { path: &good, loss, costs: &pairs, budgets };
        pd.record_observe(&mut rec, &episode).unwrap_err().to_string()
    };
    assert_eq!(refused(&high, &one), "loss: expected numbers from 0 to 1, got numbers from 0 to 2.25");
    assert_eq!(
        refused(&good_loss, &low),
        "budgets: expected numbers of at least 0, got numbers from -2 to -1"
    );
    let moves = |shares: &[f32]| Moves::from_slice(&ctx, &Layers::new(&[1, 2, 1], 1).unwrap(), 1, shares);
    assert_eq!(
        moves(&[0.5; 3]).unwrap_err().to_string(),
        "moves: expected 4 moves x 1 instances, got 3 shares"
    );
    assert_eq!(
        moves(&[0.5, 0.25, 1.0, 1.0]).unwrap_err().to_string(),
        "moves: expected shares of at least 0 that add up to 1, got 0.75 of pair 0 in instance 0"
    );
    let few = moves(&[0.5, 0.5, 1.0, 1.0]).unwrap();
    assert_eq!(
        pd.record_play(&mut rec, &few, 0).unwrap_err().to_string(),
        "moves: expected [1, 2, 2, 1] states, 2 actions, 2 instances, got [1, 2, 1] states, 1 actions, 1 instances"
    );
}
