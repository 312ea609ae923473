//! `UcPd` on losses that take turns: violations and queues grow as the root of the episodes, regret a little
//! faster. Regrets differ more between instances than they are large, so that a mean takes many.

use embag::decide::{Episode, Layers, Path, UcPd};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::process::{ACTIONS, PAIRS, Process, STATES, STEPS};
use crate::{Random, common, dot, slope};

const INSTANCES: usize = 128;

fn layers() -> Layers {
    Layers::new(&STATES, ACTIONS).unwrap()
}

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

/// Instances and their generators.
struct World {
    processes: Vec<Process>,
    random: Vec<Random>,
}

impl World {
    fn new(instances: usize) -> Self {
        let seeds = || 0..instances as u64;
        Self {
            processes: seeds().map(|seed| Process::new(7000 + seed)).collect(),
            random: seeds().map(|seed| Random(90_000 + seed)).collect(),
        }
    }

    /// Rows x instances.
    fn matrix(&self, ctx: &Context, rows: usize, mut of: impl FnMut(usize, usize) -> f64) -> Matrix {
        let instances = self.processes.len();
        let mut values = vec![0.0; rows * instances];
        for instance in 0..instances {
            (0..rows).for_each(|row| values[row * instances + instance] = of(row, instance) as f32);
        }
        Matrix::from_slice(ctx, &values, rows, instances).unwrap()
    }

    /// Plays an episode of every instance, and records what came of it.
    fn record(&mut self, rec: &mut Recorder, pd: &mut UcPd, policy: &[f32], round: usize) -> Result<()> {
        let ctx = rec.context().clone();
        let instances = self.processes.len();
        let mut path = vec![0; STEPS * instances];
        let mut costs = vec![[0.0; PAIRS]; instances];
        for (instance, process) in self.processes.iter().enumerate() {
            let random = &mut self.random[instance];
            let pairs = process.play(&policy_of(policy, instance, instances), random);
            (0..STEPS).for_each(|k| path[k * instances + instance] = pairs[k] as u32);
            costs[instance]
                .iter_mut()
                .zip(&process.costs)
                .for_each(|(cost, mean)| *cost = mean + 0.1 * random.normal());
        }
        let path = Path::from_slice(&ctx, &layers(), instances, &path)?;
        let loss = self.matrix(&ctx, PAIRS, |pair, instance| self.processes[instance].loss(round)[pair]);
        let costs = self.matrix(&ctx, PAIRS, |pair, instance| costs[instance][pair]);
        let budgets = self.matrix(&ctx, 1, |_, instance| self.processes[instance].budget);
        pd.record_observe(rec, &Episode { path: &path, loss: &loss, costs: &costs, budgets: &budgets })
    }
}

fn policy_of(policy: &[f32], instance: usize, instances: usize) -> Vec<f64> {
    policy.iter().skip(instance).step_by(instances).map(|value| f64::from(*value)).collect()
}

/// Policies of some episodes.
fn policies(
    ctx: &Context,
    pd: &mut UcPd,
    world: &mut World,
    rounds: std::ops::Range<usize>,
) -> Vec<Vec<f32>> {
    let mut all = Vec::new();
    for round in rounds {
        let mut rec = Recorder::new(ctx);
        pd.record_decide(&mut rec).unwrap();
        rec.run().unwrap();
        let policy = pd.policy().to_vec(ctx).unwrap();
        let mut rec = Recorder::new(ctx);
        world.record(&mut rec, pd, &policy, round).unwrap();
        rec.run().unwrap();
        all.push(policy);
    }
    all
}

fn run(rounds: usize) -> Ran {
    let ctx = Context::cpu();
    let mut world = World::new(INSTANCES);
    let mut pd =
        UcPd::builder(&ctx, &layers(), INSTANCES).constraints(1).horizon(rounds as u32).build().unwrap();
    let mut sums = vec![vec![0.0; PAIRS]; INSTANCES];
    let (mut lost, mut over) = (vec![0.0; INSTANCES], vec![0.0; INSTANCES]);
    let mut ran = Ran::default();
    for round in 0..rounds {
        let policy = policies(&ctx, &mut pd, &mut world, round..round + 1).remove(0);
        for (instance, process) in world.processes.iter().enumerate() {
            let flow = process.flow(&policy_of(&policy, instance, INSTANCES));
            let loss = process.loss(round);
            lost[instance] += dot(loss, &flow);
            over[instance] += dot(&process.costs, &flow) - process.budget;
            sums[instance].iter_mut().zip(loss).for_each(|(sum, loss)| *sum += loss);
        }
        if round % 100 == 99 {
            let residual = pd.residual().unwrap().to_vec(&ctx).unwrap();
            ran.residual = residual.into_iter().map(f64::from).fold(ran.residual, f64::max);
        }
    }
    let mean = |of: &dyn Fn(usize) -> f64| (0..INSTANCES).map(of).sum::<f64>() / INSTANCES as f64;
    let least = |i: usize| world.processes[i].least(&sums[i], rounds as f64);
    ran.regret = mean(&|i| lost[i] - least(i));
    ran.violation = mean(&|i| over[i].max(0.0));
    ran.cheapest = mean(&|i| {
        let process = &world.processes[i];
        dot(&sums[i], &process.flow(&process.best(&process.costs).1)) - least(i)
    });
    let queues = pd.multipliers().to_vec(&ctx).unwrap();
    ran.queue = mean(&|i| f64::from(queues[i]));
    let epochs = pd.epochs().unwrap();
    ran.epochs = mean(&|i| f64::from(epochs[i]));
    ran
}

#[test]
fn violations_grow_as_the_root_of_the_episodes_and_regret_little_faster() {
    let [short, long] = [1_000, 8_000].map(run);
    println!("1k {short:?}\n8k {long:?}");
    let grown = |of: fn(&Ran) -> f64| of(&long) / of(&short);
    let root = 8.0f64.sqrt();
    assert!(short.regret > 10.0 && slope(short.regret, long.regret, 8.0) < 0.7);
    assert!(short.violation > 10.0 && grown(|ran| ran.violation) / root < 1.25);
    assert!(short.queue > 10.0 && grown(|ran| ran.queue) / root < 1.25);
    assert!(short.residual <= 1e-5 && long.residual <= 1e-5);
    assert!(short.epochs > 10.0 && long.epochs < short.epochs + 12.0);
    // always the cheapest policy: within the budget, and worse by as much in every episode
    assert!(slope(short.cheapest, long.cheapest, 8.0) > 0.9 && long.cheapest > 2.0 * long.regret);
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    let of = |ctx: &Context| {
        let mut pd = UcPd::builder(ctx, &layers(), 100).constraints(1).horizon(50).build().unwrap();
        policies(ctx, &mut pd, &mut World::new(100), 0..30)
    };
    assert_eq!(of(&Context::cpu()), of(&gpu));
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
    let [loss, none] = [1, 0].map(|rows| Matrix::zeros(&ctx, rows, 2).unwrap());
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
    assert_eq!(refused(builder(2).mix(1.5)), "mix: expected a share of at most 1, got 1.5");
    let path = |pairs: &[u32]| Path::from_slice(&ctx, &layers(), 2, pairs).map(drop).unwrap_err().to_string();
    assert_eq!(path(&[0; 4]), "path: expected 3 layers x 2 instances, got 4 pairs");
    assert_eq!(path(&[0, 0, 0, 4, 0, 0]), "path: expected pairs below 4 in layer 1, got 4 of instance 1");
    let mut pd = builder(2).build().unwrap();
    let good = Path::from_slice(&ctx, &layers(), 2, &[0; 6]).unwrap();
    let [pairs, one] = [PAIRS, 1].map(|rows| Matrix::zeros(&ctx, rows, 2).unwrap());
    let mut rec = Recorder::new(&ctx);
    let episode = Episode { path: &good, loss: &one, costs: &pairs, budgets: &one };
    let error = pd.record_observe(&mut rec, &episode).unwrap_err().to_string();
    assert_eq!(error, "loss: expected 10 x 2, got 1 x 2");
}
