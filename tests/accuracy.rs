//! `embag::quant::accuracy`: differences of normalized entropy on pairs.

#[path = "../examples/train_ctr/data/random.rs"]
#[allow(dead_code, unreachable_pub, reason = "an example's generator, of which not all is needed")]
mod random;

use embag::Result;
use embag::metrics::normalized_entropy;
use embag::quant::accuracy::PairedNe;
use random::{Pcg64, below, fraction, generator, normal};

/// A population of two models: kinds of examples, alike in number, with the probability of a click and both logits.
struct Population(Vec<(f64, f32, f32)>);

impl Population {
    /// The second model's logits are off the first's by a normal number times `noise`.
    fn new(noise: f64, rng: &mut Pcg64) -> Self {
        let kind = |_| {
            let truth = 1.2 * normal(rng) - 1.0;
            let logit = truth + 0.3 * normal(rng);
            #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
            let logits = (logit as f32, (logit + noise * normal(rng)) as f32);
            (1.0 / (1.0 + (-truth).exp()), logits.0, logits.1)
        };
        Self((0..200).map(kind).collect())
    }

    /// The relative difference of the expected losses in percent.
    fn percent(&self) -> f64 {
        let loss = |p: f64, z: f32| {
            let z = f64::from(z);
            p * (-z).exp().ln_1p() + (1.0 - p) * z.exp().ln_1p()
        };
        let (a, b) = self.0.iter().fold((0.0, 0.0), |(a, b), &(p, x, y)| (a + loss(p, x), b + loss(p, y)));
        100.0 * (b / a - 1.0)
    }

    fn sample(&self, count: usize, rng: &mut Pcg64) -> [Vec<f32>; 3] {
        let mut columns = [(); 3].map(|()| Vec::with_capacity(count));
        for _ in 0..count {
            let (p, a, b) = self.0[below(rng, self.0.len())];
            let label = f32::from(u8::from(fraction(rng) < p));
            for (column, value) in columns.iter_mut().zip([a, b, label]) {
                column.push(value);
            }
        }
        columns
    }
}

fn paired([reference, other, labels]: &[Vec<f32>; 3]) -> PairedNe {
    let mut pair = PairedNe::default();
    pair.add_logits(reference, other, labels).expect("the sample is sound");
    pair
}

#[test]
fn the_interval_covers_the_true_difference_as_often_as_it_says() -> Result<()> {
    let mut rng = generator(1, 0);
    for (z, wanted) in [(1.959_964, 0.95), (1.0, 0.6827)] {
        let population = Population::new(0.1, &mut rng);
        let (truth, runs) = (population.percent(), 1500);
        let mut covered = 0;
        for _ in 0..runs {
            let found = paired(&population.sample(2000, &mut rng)).difference_at(z)?;
            covered += usize::from((found.lower..=found.upper).contains(&truth));
        }
        let share = f64::from(u32::try_from(covered).unwrap_or(0)) / f64::from(runs);
        let deviation = (wanted * (1.0 - wanted) / f64::from(runs)).sqrt();
        assert!((share - wanted).abs() < 3.5 * deviation, "{share} of {wanted}");
    }
    Ok(())
}

#[test]
fn a_pair_on_the_same_examples_is_far_narrower_than_two_samples() -> Result<()> {
    let mut rng = generator(2, 0);
    let population = Population::new(0.01, &mut rng);
    let columns = population.sample(20_000, &mut rng);
    let found = paired(&columns).difference()?;
    // the losses of either model by themselves, as of two samples
    let [reference, other, labels] = &columns;
    let losses = |logits: &[f32]| -> Vec<f64> {
        let loss = |(&z, &y): (&f32, &f32)| f64::from(z).exp().ln_1p() - f64::from(z) * f64::from(y);
        logits.iter().zip(labels).map(loss).collect()
    };
    let moments = |values: Vec<f64>| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count / count)
    };
    let ((mean, a), (_, b)) = (moments(losses(reference)), moments(losses(other)));
    let unpaired = 2.0 * 1.96 * 100.0 * (a + b).sqrt() / mean;
    assert!((found.upper - found.lower) * 50.0 < unpaired, "{found}, unpaired {unpaired} wide");
    // as wide as the formula that takes the differences for numbers of their own, the ratio's share is small
    let diffs: Vec<f64> = losses(other).iter().zip(losses(reference)).map(|(b, a)| b - a).collect();
    let simple = 2.0 * 1.96 * 100.0 * moments(diffs).1.sqrt() / mean;
    assert!(((found.upper - found.lower) / simple - 1.0).abs() < 0.01, "{found}, {simple}");
    Ok(())
}

#[test]
fn entropies_are_those_of_the_metrics_and_parts_can_be_merged() -> Result<()> {
    let mut rng = generator(3, 0);
    let [reference, other, labels] = Population::new(0.5, &mut rng).sample(3000, &mut rng);
    let sigmoid = |logits: &[f32]| -> Vec<f32> { logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect() };
    let (p, q) = (sigmoid(&reference), sigmoid(&other));
    let mut whole = PairedNe::default();
    whole.add_probabilities(&p, &q, &labels)?;
    let found = whole.difference()?;
    let wanted = [normalized_entropy(&p, &labels)?, normalized_entropy(&q, &labels)?];
    assert!((found.reference - wanted[0]).abs() < 1e-12 && (found.other - wanted[1]).abs() < 1e-12);
    assert!((found.percent - 100.0 * (wanted[1] / wanted[0] - 1.0)).abs() < 1e-9);
    // logits say the same up to what probabilities of f32 are rounded by
    let logits = paired(&[reference.clone(), other.clone(), labels.clone()]).difference()?;
    assert!((logits.percent - found.percent).abs() < 1e-3, "{logits} {found}");

    let mut parts = PairedNe::default();
    for part in [0..1000, 1000..1001, 1001..3000] {
        let mut one = PairedNe::default();
        one.add_probabilities(&p[part.clone()], &q[part.clone()], &labels[part])?;
        parts.merge(&one);
    }
    let merged = parts.difference()?;
    assert_eq!(parts.examples(), 3000);
    assert!((merged.percent - found.percent).abs() < 1e-9 && (merged.upper - found.upper).abs() < 1e-9);
    Ok(())
}

#[test]
fn equal_models_differ_by_nothing() -> Result<()> {
    let [logits, _, labels] = Population::new(0.0, &mut generator(4, 0)).sample(100, &mut generator(4, 1));
    let found = paired(&[logits.clone(), logits, labels]).difference()?;
    assert_eq!((found.percent, found.lower, found.upper), (0.0, 0.0, 0.0));
    assert!(found.to_string().ends_with(": +0.0000 % (+0.0000 to +0.0000)"), "{found}");
    Ok(())
}

#[test]
fn what_has_no_difference_is_refused_and_adds_nothing() -> Result<()> {
    let mut pair = PairedNe::default();
    let message = |result: Result<()>| result.expect_err("it is bad").to_string();
    assert_eq!(
        message(pair.add_logits(&[0.0], &[0.0, 1.0], &[1.0])),
        "other: expected 1 values, as many as labels, got 2"
    );
    assert_eq!(
        message(pair.add_logits(&[0.0, f32::INFINITY], &[0.0, 1.0], &[1.0, 0.0])),
        "reference: expected finite logits, got inf at 1"
    );
    assert_eq!(
        message(pair.add_probabilities(&[0.5], &[1.5], &[1.0])),
        "other: expected from 0 to 1, got 1.5 at 0"
    );
    assert_eq!(pair, PairedNe::default());
    let message = |pair: &PairedNe, z| pair.difference_at(z).expect_err("it is bad").to_string();
    assert_eq!(message(&pair, 1.0), "examples: expected at least one, got 0");
    pair.add_logits(&[0.0], &[0.5], &[1.0])?;
    assert!(message(&pair, 1.0).contains("both positive and negative"));
    assert_eq!(message(&pair, -1.0), "z: expected a number from 0 on, got -1");
    assert_eq!(message(&pair, f64::NAN), "z: expected a number from 0 on, got NaN");
    let mut perfect = PairedNe::default();
    perfect.add_logits(&[f32::MAX, f32::MIN], &[1.0, -1.0], &[1.0, 0.0])?;
    assert_eq!(message(&perfect, 1.0), "reference: expected a loss above 0, got 0");
    Ok(())
}
