//! `ValueNet`: its gradients are those of the exact objective, and they shrink with the steps as promised.

use embag::decide::{Observed, TdMethod, Transition, ValueNet, ValueNetBuilder};
use embag::{Checkpoint, Context, EmbeddingBags, Init, Pooling, Recorder, Table};

use crate::reward_process::{DISCOUNT, ENTRIES, FEATURES, RIDGE, RewardProcess, STATES, UNITS};
use crate::{Random, altered, column, common, dot, is_repeated, observed, slope};

const INSTANCES: usize = 64;

fn builder(ctx: &Context, instances: usize) -> ValueNetBuilder {
    ValueNet::builder(ctx, FEATURES, instances).tanh(UNITS).discount(DISCOUNT as f32).ridge(RIDGE as f32)
}

/// Transitions of all instances, from a state to the next.
fn transitions(ctx: &Context, processes: &[&RewardProcess], drawn: &[[usize; 2]]) -> [Observed; 3] {
    let n = processes.len();
    let features =
        |which: usize| observed(ctx, FEATURES, n, |f, i| processes[i].features[drawn[i][which]][f]);
    [features(0), features(1), observed(ctx, 1, n, |_, i| processes[i].rewards[drawn[i][0]])]
}

/// Records a step of every instance by transitions of its own process.
fn step(
    ctx: &Context,
    rec: &mut Recorder,
    net: &mut ValueNet,
    processes: &[RewardProcess],
    random: &mut [Random],
) {
    let processes: Vec<&RewardProcess> = processes.iter().collect();
    let drawn: Vec<[usize; 2]> =
        processes.iter().zip(random).map(|(process, random)| process.draw(random)).collect();
    let [state, next, reward] = transitions(ctx, &processes, &drawn);
    net.record_step(rec, &Transition { state: &state, next: &next, reward: &reward }).unwrap();
}

#[test]
fn gradients_of_all_transitions_are_the_differences_of_the_objective() {
    let ctx = Context::cpu();
    let mut random = Random::new(17);
    let process = RewardProcess::new(&mut random);
    let theta: Vec<f64> = (0..ENTRIES).map(|_| f64::from((0.5 * random.normal()) as f32)).collect();
    let exact = process.exact(&theta);
    let moved = |at: usize, by: f64| {
        let mut theta = theta.clone();
        theta[at] += by;
        process.exact(&theta).objective
    };
    for at in 0..ENTRIES {
        let difference = (moved(at, 1e-5) - moved(at, -1e-5)) / 2e-5;
        assert!((difference - exact.gradient[at]).abs() < 1e-7, "{difference} {}", exact.gradient[at]);
    }
    // an instance for each transition, at the best dual weights: the first step takes its gradients whole
    let n = STATES * STATES;
    let start: Vec<f32> = theta.iter().map(|value| *value as f32).collect();
    let mut net = builder(&ctx, n).start(&start).build().unwrap();
    let mut saved = Checkpoint::new();
    net.export(&mut saved, "net").unwrap();
    let dual = altered(&saved, "net.multipliers", |at, _| exact.dual[at / n] as f32);
    net.import(&dual, "net").unwrap();
    let all: Vec<[usize; 2]> = (0..n).map(|pair| [pair / STATES, pair % STATES]).collect();
    let [state, next, reward] = transitions(&ctx, &vec![&process; n], &all);
    let mut rec = Recorder::new(&ctx);
    net.record_step(&mut rec, &Transition { state: &state, next: &next, reward: &reward }).unwrap();
    rec.run().unwrap();
    let mut saved = Checkpoint::new();
    net.export(&mut saved, "net").unwrap();
    let means: &[f32] = saved.tensor("net.means", &[2 * ENTRIES, n]).unwrap();
    for (at, row) in means.chunks(n).enumerate() {
        let likely = all.iter().map(|[s, next]| process.visits[*s] * process.moves[*s][*next]);
        let mean: f64 = likely.zip(row).map(|(likely, value)| likely * f64::from(*value)).sum();
        // at the best dual weights theirs vanish
        let expected = exact.gradient.get(at).copied().unwrap_or(0.0);
        assert!((mean - expected).abs() < 2e-6, "{at}: {mean} {expected}");
    }
}

/// Means over the instances and the steps until some counts of them: the length of the exact gradient, and
/// how far dual weights are from the best.
fn run(method: TdMethod, horizons: [usize; 2]) -> [[f64; 2]; 2] {
    let ctx = Context::cpu();
    let processes: Vec<RewardProcess> =
        (0..INSTANCES as u64).map(|seed| RewardProcess::new(&mut Random::new(600 + seed))).collect();
    let mut random: Vec<Random> = (0..INSTANCES as u64).map(|seed| Random::new(7_000 + seed)).collect();
    let mut net = builder(&ctx, INSTANCES).method(method).build().unwrap();
    let mut sums = [0.0; 2];
    let mut means = Vec::new();
    let every = 50;
    for first in (0..horizons[1]).step_by(every) {
        let [theta, omega] = [net.weights(), net.multipliers()].map(|matrix| matrix.to_vec(&ctx).unwrap());
        for (i, process) in processes.iter().enumerate() {
            let exact = process.exact(&column(&theta, i, INSTANCES));
            let off: Vec<f64> =
                column(&omega, i, INSTANCES).iter().zip(&exact.dual).map(|(own, best)| own - best).collect();
            sums[0] += dot(&exact.gradient, &exact.gradient).sqrt();
            sums[1] += dot(&off, &off).sqrt();
        }
        let mut rec = Recorder::new(&ctx);
        (0..every).for_each(|_| step(&ctx, &mut rec, &mut net, &processes, &mut random));
        rec.run().unwrap();
        if horizons.contains(&(first + every)) {
            let count = ((first / every + 1) * INSTANCES) as f64;
            means.push(sums.map(|sum| sum / count));
        }
    }
    means.try_into().unwrap()
}

#[test]
fn gradients_shrink_with_the_steps() {
    if is_repeated() {
        return;
    }
    let horizons = [1_000, 64_000];
    let [momentum, reduced] =
        [TdMethod::Momentum, TdMethod::VarianceReduced].map(|method| run(method, horizons));
    println!("momentum {momentum:?}, reduced {reduced:?}");
    let slopes = |ran: &[[f64; 2]; 2]| [0, 1].map(|of| slope(ran[0][of], ran[1][of], 64.0));
    println!("slopes {:?} {:?}", slopes(&momentum), slopes(&reduced));
    assert!((-0.35..-0.18).contains(&slopes(&momentum)[0]));
    assert!(slopes(&reduced)[0] <= -0.33 && reduced[1][0] < momentum[1][0]);
    assert!(slopes(&momentum)[1] < -0.18 && slopes(&reduced)[1] < -0.33);
}

/// Weights after each of some steps.
fn weights(
    ctx: &Context,
    net: &mut ValueNet,
    instances: usize,
    steps: std::ops::Range<usize>,
) -> Vec<Vec<f32>> {
    let processes: Vec<RewardProcess> =
        (0..instances as u64).map(|seed| RewardProcess::new(&mut Random::new(seed))).collect();
    let all = steps.map(|step_of| {
        let seed = |i: u64| Random::new(step_of as u64 * 100_003 + i);
        let mut random: Vec<Random> = (0..instances as u64).map(seed).collect();
        let mut rec = Recorder::new(ctx);
        step(ctx, &mut rec, net, &processes, &mut random);
        rec.run().unwrap();
        net.weights().to_vec(ctx).unwrap()
    });
    all.collect()
}

#[test]
fn devices_that_round_every_operation_give_the_twins_bits() {
    let Some(gpu) = common::gpu().filter(common::is_exact) else { return };
    for (method, units) in [(TdMethod::Momentum, 0), (TdMethod::VarianceReduced, 3)] {
        let of = |ctx: &Context| {
            let mut net = builder(ctx, 100).tanh(units).method(method).build().unwrap();
            weights(ctx, &mut net, 100, 0..20)
        };
        assert!(of(&Context::cpu()) == of(&gpu));
    }
}

#[test]
fn what_was_saved_goes_on_with_the_same_bits() {
    let ctx = Context::cpu();
    let whole = weights(&ctx, &mut builder(&ctx, 5).build().unwrap(), 5, 0..20);
    let mut first = builder(&ctx, 5).build().unwrap();
    weights(&ctx, &mut first, 5, 0..10);
    let mut checkpoint = Checkpoint::new();
    first.export(&mut checkpoint, "net").unwrap();
    let mut second = builder(&ctx, 5).seed(9).build().unwrap();
    second.import(&checkpoint, "net").unwrap();
    assert_eq!(weights(&ctx, &mut second, 5, 10..20), whole[10..]);
    let mut other = builder(&ctx, 5).tanh(2).build().unwrap();
    let error = other.import(&checkpoint, "net").unwrap_err().to_string();
    assert!(error.contains("net.features_and_units"), "{error}");
}

#[test]
fn features_may_come_from_bags() {
    // rows of a table are the features: a bag of one id for each instance
    let (ids, n) = ([2u64, 0, 1, 2, 0], 5);
    for ctx in [Some(Context::cpu()), common::gpu()].into_iter().flatten() {
        let table = Table::rows(3).dim(FEATURES).init(Init::Uniform(1.0));
        let bags = EmbeddingBags::builder(&ctx).table("item", table);
        let bags = bags.feature("seen", "item", Pooling::Sum).build().unwrap();
        let pooled = bags.forward(&bags.batch().bags("seen", &ids, &[1; 5]).build().unwrap()).unwrap();
        let values = pooled.to_vec(&ctx).unwrap();
        let turned = observed(&ctx, FEATURES, n, |f, i| f64::from(values[i * FEATURES + f]));
        let from_bags = Observed::known(pooled, -1.0..=1.0);
        let reward = observed(&ctx, 1, n, |_, i| i as f64);
        let after = |net: ValueNetBuilder, states: &Observed| {
            let mut net = net.build().unwrap();
            let mut rec = Recorder::new(&ctx);
            for _ in 0..10 {
                let transition = Transition { state: states, next: states, reward: &reward };
                net.record_step(&mut rec, &transition).unwrap();
            }
            net.record_values(&mut rec, states).unwrap();
            rec.run().unwrap();
            net.values().to_vec(&ctx).unwrap()
        };
        let values = after(builder(&ctx, n), &turned);
        assert_eq!(after(builder(&ctx, n).by_instance(), &from_bags), values);
        assert!(values.iter().any(|value| *value != 0.0));
    }
}

#[test]
fn mistakes_are_errors_and_record_nothing() {
    let ctx = Context::cpu();
    let refused = |builder: ValueNetBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(refused(ValueNet::builder(&ctx, 0, 1)), "features: expected at least 1, got 0");
    assert_eq!(refused(ValueNet::builder(&ctx, 1, 0)), "instances: expected at least 1, got 0");
    let some = || ValueNet::builder(&ctx, 2, 3);
    assert_eq!(refused(some().discount(1.5)), "discount: expected a number from 0 to 1, got 1.5");
    assert_eq!(refused(some().ridge(f32::NAN)), "ridge: expected a finite number of at least 0, got NaN");
    assert_eq!(refused(some().start(&[0.0; 4])), "start: expected 2 values, or 2 x 3, got 4");
    let steps = TdMethod::Momentum.steps().from(0.0);
    assert_eq!(refused(some().steps(steps)), "offset: expected a finite number above 0, got 0");
    let mut net = some().build().unwrap();
    let [two, one] = [2, 1].map(|rows| observed(&ctx, rows, 3, |_, _| 0.0));
    let mut rec = Recorder::new(&ctx);
    let wrong = Transition { state: &one, next: &two, reward: &one };
    let error = net.record_step(&mut rec, &wrong).unwrap_err().to_string();
    assert_eq!(error, "state: expected 2 x 3, got 1 x 3");
    let error = net.record_values(&mut rec, &one).unwrap_err().to_string();
    assert_eq!(error, "states: expected 2 x 3, got 1 x 3");
}
