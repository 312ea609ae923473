//! `MirrorProx`: regret and violations that do not grow with the rounds where losses do not vary, regret as
//! the square root of the rounds where they do, violations that do not grow there either.
//!
//! In the ball, 20 entries and 3 constraints: losses are directions, a constraint's normal is a direction
//! that looks away from the loss, and its bound half of what the best point of the ball has of it, so that it
//! binds; the first point violates the first constraint. On the simplex, 12 entries in three groups with
//! floors of .2, .3 and .1; the first point has nothing of the groups that are not the best.

use embag::decide::{Domain, MirrorProx, MirrorProxBuilder, Observed};
use embag::{Checkpoint, Context, Readback, Recorder};

use crate::{Random, common, dot, is_repeated, slope};

const ENTRIES: usize = 20;
const CONSTRAINTS: usize = 3;
const INSTANCES: usize = 32;

/// One instance in the ball.
struct Ball {
    loss: Vec<f64>,
    normals: Vec<Vec<f64>>,
    bounds: Vec<f64>,
}

impl Ball {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let loss = random.direction(ENTRIES);
        let normals: Vec<Vec<f64>> = (0..CONSTRAINTS)
            .map(|_| {
                let normal = random.direction(ENTRIES);
                let sign = if dot(&normal, &loss) > 0.0 { -1.0 } else { 1.0 };
                normal.into_iter().map(|value| sign * value).collect()
            })
            .collect();
        let bounds = normals.iter().map(|normal| -0.5 * dot(normal, &loss)).collect();
        Self { loss, normals, bounds }
    }

    /// The least loss of a point that meets all constraints, for this loss: the largest of the dual function
    /// `-|loss + sum_k mu_k normal_k| - <mu, bounds>`, which is concave, by a search along each multiplier.
    fn least(&self, loss: &[f64]) -> f64 {
        let value = |mu: &[f64]| {
            let priced: Vec<f64> = (0..ENTRIES)
                .map(|i| {
                    loss[i] + self.normals.iter().zip(mu).map(|(normal, mu)| normal[i] * mu).sum::<f64>()
                })
                .collect();
            -dot(&priced, &priced).sqrt() - dot(mu, &self.bounds)
        };
        let scale = dot(loss, loss).sqrt();
        let mut mu = [0.0; CONSTRAINTS];
        for _ in 0..200 {
            for k in 0..CONSTRAINTS {
                let (mut low, mut high) = (0.0, 8.0 * scale);
                for _ in 0..80 {
                    let (a, b) = (low + 0.382 * (high - low), low + 0.618 * (high - low));
                    let at = |value_of: f64| {
                        let mut mu = mu;
                        mu[k] = value_of;
                        value(&mu)
                    };
                    if at(a) > at(b) { high = b } else { low = a }
                }
                mu[k] = 0.5 * (low + high);
            }
        }
        value(&mu)
    }
}

/// Entries x instances of what each instance has.
fn columns(rows: usize, of: impl Fn(usize, usize) -> f64) -> Vec<f32> {
    (0..rows)
        .flat_map(|row| (0..INSTANCES).map(move |instance| (row, instance)))
        .map(|(r, i)| of(r, i) as f32)
        .collect()
}

/// What instances in the ball are built from.
fn balls(ctx: &Context, all: &[Ball]) -> MirrorProxBuilder {
    let mut builder = MirrorProx::builder(ctx, ENTRIES, INSTANCES).domain(Domain::Ball { radius: 1.0 });
    for k in 0..CONSTRAINTS {
        let normals = columns(ENTRIES, |row, instance| all[instance].normals[k][row]);
        let bounds = columns(1, |_, instance| all[instance].bounds[k]);
        builder = builder.constraint(&normals, &bounds).unwrap();
    }
    builder.start(&columns(ENTRIES, |row, instance| all[instance].normals[0][row]))
}

/// The points of many rounds, whose gradients `gradient` makes: `see` gets round and points.
fn play(
    ctx: &Context,
    method: &mut MirrorProx,
    rounds: usize,
    mut gradient: impl FnMut(usize) -> Observed,
    mut see: impl FnMut(usize, &[f32]),
) {
    for first in (0..rounds).step_by(100) {
        let mut rec = Recorder::new(ctx);
        let mut points: Vec<Readback<f32>> = Vec::new();
        for round in first..(first + 100).min(rounds) {
            method.record_decide(&mut rec).unwrap();
            points.push(rec.readback(method.point().buffer()));
            method.record_observe(&mut rec, &gradient(round)).unwrap();
        }
        rec.run().unwrap();
        for (round, points) in (first..).zip(points) {
            see(round, &points.wait().unwrap());
        }
    }
}

/// Means over the instances of what runs came to.
#[derive(Debug, Clone, Copy)]
struct Ran {
    regret: f64,
    /// The largest sum of violations that any round had, over the constraints.
    violation: f64,
}

/// Points, played against losses, of all instances in the ball.
struct Score<'a> {
    all: &'a [Ball],
    losses: Vec<f64>,
    sums: Vec<Vec<f64>>,
    violations: Vec<[f64; CONSTRAINTS]>,
    largest: Vec<f64>,
}

impl<'a> Score<'a> {
    fn new(all: &'a [Ball]) -> Self {
        let n = all.len();
        Self {
            all,
            losses: vec![0.0; n],
            sums: vec![vec![0.0; ENTRIES]; n],
            violations: vec![[0.0; CONSTRAINTS]; n],
            largest: vec![f64::NEG_INFINITY; n],
        }
    }

    fn see(&mut self, instance: usize, loss: &[f64], point: &[f64]) {
        self.losses[instance] += dot(loss, point);
        self.sums[instance].iter_mut().zip(loss).for_each(|(sum, loss)| *sum += loss);
        let ball = &self.all[instance];
        for k in 0..CONSTRAINTS {
            let sum = &mut self.violations[instance][k];
            *sum += dot(&ball.normals[k], point) - ball.bounds[k];
            self.largest[instance] = self.largest[instance].max(*sum);
        }
    }

    fn end(self) -> Ran {
        let n = self.all.len() as f64;
        let regrets = self.losses.iter().zip(&self.sums).zip(self.all);
        let regret: f64 = regrets.map(|((loss, sum), ball)| loss - ball.least(sum)).sum();
        Ran { regret: regret / n, violation: self.largest.iter().sum::<f64>() / n }
    }
}

fn point_of(points: &[f32], instance: usize) -> Vec<f64> {
    points.iter().skip(instance).step_by(INSTANCES).map(|value| f64::from(*value)).collect()
}

fn all_balls() -> Vec<Ball> {
    (0..INSTANCES as u64).map(|seed| Ball::new(1000 + seed)).collect()
}

/// The sign losses of a round, of length one.
fn signs(round: usize, instance: usize) -> Vec<f64> {
    let mut random = Random::new(((round as u64) << 8) ^ instance as u64 ^ 0x5e_ed00_0000_0000);
    let size = 1.0 / (ENTRIES as f64).sqrt();
    (0..ENTRIES).map(|_| if random.unit() < 0.5 { size } else { -size }).collect()
}

fn run_in_ball(rounds: usize, is_constant: bool, variation: Option<f32>) -> Ran {
    let (ctx, all) = (Context::cpu(), all_balls());
    let mut builder = balls(&ctx, &all).horizon(rounds as u32);
    if let Some(variation) = variation {
        builder = builder.variation(variation);
    }
    let mut method = builder.build().unwrap();
    let loss = |round: usize, instance: usize| match is_constant {
        true => all[instance].loss.clone(),
        false => signs(round, instance),
    };
    let gradient = |round: usize| {
        let losses: Vec<Vec<f64>> = (0..INSTANCES).map(|instance| loss(round, instance)).collect();
        let values = columns(ENTRIES, |row, instance| losses[instance][row]);
        Observed::from_slice(&ctx, &values, ENTRIES, INSTANCES).unwrap()
    };
    let mut score = Score::new(&all);
    play(&ctx, &mut method, rounds, gradient, |round, points| {
        for instance in 0..INSTANCES {
            score.see(instance, &loss(round, instance), &point_of(points, instance));
        }
    });
    score.end()
}

/// H. Yu and M. J. Neely, "A low complexity algorithm with O(sqrt(T)) regret and O(1) constraint violations
/// for online convex optimization with long term constraints" (JMLR 2020): one step a round, held back by
/// sqrt(T).
fn yu_neely(rounds: usize) -> Ran {
    let all = all_balls();
    let mut score = Score::new(&all);
    let gamma = (rounds as f64).powf(0.25);
    let alpha = 0.5 * (CONSTRAINTS as f64 + 1.0) * (rounds as f64).sqrt();
    for (instance, ball) in all.iter().enumerate() {
        let mut x = ball.normals[0].clone();
        let mut queues = [0.0f64; CONSTRAINTS];
        for _ in 0..rounds {
            score.see(instance, &ball.loss, &x);
            let mut slope = ball.loss.clone();
            let excess = |k: usize, x: &[f64]| gamma * (dot(&ball.normals[k], x) - ball.bounds[k]);
            for (k, queue) in queues.iter().enumerate() {
                let price = gamma * (queue + excess(k, &x));
                slope.iter_mut().zip(&ball.normals[k]).for_each(|(slope, normal)| *slope += price * normal);
            }
            x.iter_mut().zip(&slope).for_each(|(x, slope)| *x -= slope / (2.0 * alpha));
            let length = dot(&x, &x).sqrt().max(1.0);
            x.iter_mut().for_each(|x| *x /= length);
            for (k, queue) in queues.iter_mut().enumerate() {
                *queue = (-excess(k, &x)).max(*queue + excess(k, &x));
            }
        }
    }
    score.end()
}

/// Within 5 % or .05.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= (0.05 * a.abs()).max(0.05)
}

#[test]
fn constant_losses_in_a_ball_cost_the_same_in_any_number_of_rounds() {
    if is_repeated() {
        return;
    }
    let [short, long] = [1_000, 64_000].map(|rounds| run_in_ball(rounds, true, None));
    println!("1k {short:?}, 64k {long:?}");
    assert!(same(short.regret, long.regret) && same(short.violation, long.violation));
    // it began where the constraints are violated
    assert!(short.violation > 0.1 && short.regret > 0.1);
    let [short, long] = [1_000, 16_000].map(yu_neely);
    println!("Yu and Neely: 1k {short:?}, 16k {long:?}");
    let slope = slope(short.regret, long.regret, 16.0);
    assert!((0.4..0.6).contains(&slope), "{slope}");
}

#[test]
fn sign_losses_in_a_ball_cost_the_root_of_the_rounds() {
    if is_repeated() {
        return;
    }
    // of length one, so that differences are of squared length two
    let ran = [1_000, 4_000, 16_000].map(|rounds| run_in_ball(rounds, false, Some(2.0 * rounds as f32)));
    println!("{ran:?}");
    let [short, _, long] = ran;
    let slope = slope(short.regret, long.regret, 16.0);
    assert!(slope <= 0.6 && short.regret > 1.0, "{slope}");
    assert!(ran.iter().all(|ran| same(ran.violation, short.violation) && ran.violation > 0.1));
}

#[test]
fn variation_that_was_not_told_is_found() {
    if is_repeated() {
        return;
    }
    let told = run_in_ball(16_000, false, Some(32_000.0));
    let found = run_in_ball(16_000, false, None);
    println!("told {told:?}, found {found:?}");
    assert!(found.regret < 2.0 * told.regret && found.violation < 2.0 * told.violation);
}

/// Groups of the simplex's entries, and the least share of each.
const FLOORS: [([usize; 4], f64); 3] = [([0, 1, 2, 3], 0.2), ([4, 5, 6, 7], 0.3), ([8, 9, 10, 11], 0.1)];
const SHARES: usize = 12;

fn mixes(ctx: &Context, instances: usize) -> MirrorProxBuilder {
    FLOORS.iter().fold(MirrorProx::builder(ctx, SHARES, instances), |builder, (entries, least)| {
        builder.floor(entries, *least as f32).unwrap()
    })
}

/// A loss for each entry: the first of a group is the best there, by .3 at least, and the first group by .2.
/// (What lies closer takes longer than the 1,000 rounds of the short run to be told apart.)
fn losses_of_entries(instance: usize) -> Vec<f64> {
    let mut random = Random::new(4000 + instance as u64);
    let of = |entry: usize| {
        0.1 + 0.2 * (entry / 4) as f64
            + f64::from(u8::from(!entry.is_multiple_of(4))) * (0.3 + 0.1 * random.unit())
    };
    (0..SHARES).map(of).collect()
}

/// The least loss of a mix that has all floors.
fn least_of_mix(losses: &[f64]) -> f64 {
    let least = |of: &mut dyn Iterator<Item = usize>| of.map(|entry| losses[entry]).fold(f64::MAX, f64::min);
    let floors: f64 = FLOORS.iter().map(|(entries, floor)| floor * least(&mut entries.iter().copied())).sum();
    let free = 1.0 - FLOORS.iter().map(|(_, floor)| floor).sum::<f64>();
    floors + free * least(&mut (0..SHARES))
}

fn run_on_simplex(rounds: usize) -> Ran {
    let ctx = Context::cpu();
    // hardly anything of what the second and third floors ask for
    let start: Vec<f32> = (0..SHARES).map(|entry| if entry < 4 { 0.23 } else { 0.01 }).collect();
    let mut method = mixes(&ctx, INSTANCES).horizon(rounds as u32).start(&start).build().unwrap();
    let losses: Vec<Vec<f64>> = (0..INSTANCES).map(losses_of_entries).collect();
    let gradient = columns(SHARES, |row, instance| losses[instance][row]);
    let gradient = Observed::from_slice(&ctx, &gradient, SHARES, INSTANCES).unwrap();
    let mut regrets = [0.0; INSTANCES];
    let mut violations = [[0.0f64; 3]; INSTANCES];
    let mut largest = [f64::NEG_INFINITY; INSTANCES];
    play(
        &ctx,
        &mut method,
        rounds,
        |_| gradient.clone(),
        |_, points| {
            for instance in 0..INSTANCES {
                let point = point_of(points, instance);
                regrets[instance] += dot(&losses[instance], &point) - least_of_mix(&losses[instance]);
                for (sum, (entries, floor)) in violations[instance].iter_mut().zip(&FLOORS) {
                    *sum += floor - entries.iter().map(|&entry| point[entry]).sum::<f64>();
                    largest[instance] = largest[instance].max(*sum);
                }
            }
        },
    );
    let mean = |values: [f64; INSTANCES]| values.iter().sum::<f64>() / INSTANCES as f64;
    Ran { regret: mean(regrets), violation: mean(largest) }
}

#[test]
fn constant_losses_on_the_simplex_cost_the_same_in_any_number_of_rounds() {
    if is_repeated() {
        return;
    }
    let [short, long] = [1_000, 64_000].map(run_on_simplex);
    println!("1k {short:?}, 64k {long:?}");
    assert!(same(short.regret, long.regret) && same(short.violation, long.violation));
    assert!(short.violation > 0.1 && short.regret > 0.1);
}

/// The points of a few rounds of sign losses.
fn first_points(ctx: &Context, method: &mut MirrorProx, rounds: std::ops::Range<usize>) -> Vec<Vec<f32>> {
    let (entries, instances) = (method.point().rows(), method.point().cols());
    let mut points = Vec::new();
    for round in rounds {
        let all: Vec<Vec<f64>> = (0..instances).map(|instance| signs(round, instance)).collect();
        let values: Vec<f32> =
            (0..entries).flat_map(|row| all.iter().map(move |signs| signs[row] as f32)).collect();
        let gradient = Observed::from_slice(ctx, &values, entries, instances).unwrap();
        let mut rec = Recorder::new(ctx);
        method.record_decide(&mut rec).unwrap();
        method.record_observe(&mut rec, &gradient).unwrap();
        rec.run().unwrap();
        points.push(method.point().to_vec(ctx).unwrap());
    }
    points
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    let cpu = Context::cpu();
    let all = all_balls();
    for simplex in [false, true] {
        let of = |ctx: &Context| match simplex {
            true => mixes(ctx, 100).build().unwrap(),
            false => balls(ctx, &all).build().unwrap(),
        };
        assert_eq!(first_points(&cpu, &mut of(&cpu), 0..20), first_points(&gpu, &mut of(&gpu), 0..20));
    }
}

#[test]
fn an_instance_does_not_depend_on_its_neighbours() {
    let ctx = Context::cpu();
    let many = first_points(&ctx, &mut mixes(&ctx, 300).build().unwrap(), 0..20);
    let few = first_points(&ctx, &mut mixes(&ctx, 5).build().unwrap(), 0..20);
    for (many, few) in many.iter().zip(&few) {
        for (row, few) in few.chunks(5).enumerate() {
            assert_eq!(&many[row * 300..][..5], few);
        }
    }
}

#[test]
fn what_was_saved_goes_on_with_the_same_bits() {
    let ctx = Context::cpu();
    let build = || mixes(&ctx, 7).build().unwrap();
    let whole = first_points(&ctx, &mut build(), 0..10);
    let mut first = build();
    first_points(&ctx, &mut first, 0..5);
    let mut checkpoint = Checkpoint::new();
    first.export(&mut checkpoint, "mix").unwrap();
    let mut second = build();
    second.import(&Checkpoint::from_bytes(&checkpoint.to_bytes().unwrap()).unwrap(), "mix").unwrap();
    assert_eq!(first_points(&ctx, &mut second, 5..10), whole[5..]);
}

#[test]
fn a_ball_without_constraints_has_points_of_its_own() {
    let ctx = Context::cpu();
    let mut method = MirrorProx::builder(&ctx, 2, 3).domain(Domain::Ball { radius: 2.0 }).build().unwrap();
    let gradient = Observed::from_slice(&ctx, &[1.0; 6], 2, 3).unwrap();
    for _ in 0..50 {
        let mut rec = Recorder::new(&ctx);
        method.record_decide(&mut rec).unwrap();
        method.record_observe(&mut rec, &gradient).unwrap();
        rec.run().unwrap();
    }
    let points = method.point().to_vec(&ctx).unwrap();
    assert!(points.iter().all(|value| (value + 2.0f32.sqrt()).abs() < 1e-5), "{points:?}");
}
