//! `embag::quant::accuracy`: differences of normalized entropy on pairs, errors of parts, and the choice of
//! formats.

use approx::assert_abs_diff_eq;
use embag::metrics::normalized_entropy;
use embag::quant::accuracy::{Candidate, Choice, PairedNe, Part, Shadow, choose, select};
use embag::{Context, Error, Matrix, Result};

use crate::random::{Pcg64, below, fraction, generator, normal};

/// A population of two models: kinds of examples, alike in number, with the probability of a click and both
/// logits.
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
        assert_abs_diff_eq!(share, wanted, epsilon = 3.5 * deviation);
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
    assert_abs_diff_eq!((found.upper - found.lower) / simple, 1.0, epsilon = 0.01);
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
    assert_abs_diff_eq!(found.reference, wanted[0], epsilon = 1e-12);
    assert_abs_diff_eq!(found.other, wanted[1], epsilon = 1e-12);
    assert_abs_diff_eq!(found.percent, 100.0 * (wanted[1] / wanted[0] - 1.0), epsilon = 1e-9);
    // logits say the same up to what probabilities of f32 are rounded by
    let logits = paired(&[reference.clone(), other.clone(), labels.clone()]).difference()?;
    assert_abs_diff_eq!(logits.percent, found.percent, epsilon = 1e-3);

    let mut parts = PairedNe::default();
    for part in [0..1000, 1000..1001, 1001..3000] {
        let mut one = PairedNe::default();
        one.add_probabilities(&p[part.clone()], &q[part.clone()], &labels[part])?;
        parts.merge(&one);
    }
    let merged = parts.difference()?;
    assert_eq!(parts.examples(), 3000);
    assert_abs_diff_eq!(merged.percent, found.percent, epsilon = 1e-9);
    assert_abs_diff_eq!(merged.upper, found.upper, epsilon = 1e-9);
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

fn part(name: &str, candidates: &[(u64, f64)]) -> Part {
    let candidate = |&(bytes, percent)| Candidate { format: format!("{bytes} bytes"), bytes, percent };
    Part { name: name.to_owned(), candidates: candidates.iter().map(candidate).collect() }
}

/// Every choice there is.
fn all_choices(parts: &[Part]) -> Vec<Choice> {
    let mut all = vec![Choice { picks: vec![], bytes: 0, percent: 0.0 }];
    for part in parts {
        let longer = |choice: &Choice| {
            let choice = choice.clone();
            part.candidates.iter().enumerate().map(move |(pick, candidate)| Choice {
                picks: [&choice.picks[..], &[pick]].concat(),
                bytes: choice.bytes + candidate.bytes,
                percent: choice.percent + candidate.percent.max(0.0),
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn the_choice_is_the_best_of_all_that_there_are() -> Result<()> {
    let mut rng = generator(5, 0);
    let mut none = 0;
    for case in 0..300 {
        let candidates = |rng: &mut Pcg64| -> Vec<(u64, f64)> {
            // differences may be negative, by noise: that buys nothing
            (0..=below(rng, 3)).map(|_| (below(rng, 60) as u64, 0.02 * normal(rng).abs() - 0.003)).collect()
        };
        let parts: Vec<Part> = (0..=below(&mut rng, 6)).map(|_| part("p", &candidates(&mut rng))).collect();
        let budget = 0.1 * fraction(&mut rng) - 0.01;
        let best = all_choices(&parts)
            .into_iter()
            .filter(|choice| choice.percent <= budget)
            .min_by(|a, b| a.bytes.cmp(&b.bytes).then(a.percent.total_cmp(&b.percent)));
        assert_eq!(choose(&parts, budget)?, best, "case {case}");
        none += usize::from(best.is_none());
    }
    assert!((10..290).contains(&none), "{none} without a choice");
    // budgets that a choice meets exactly
    let parts = [part("a", &[(1, 0.1), (2, 0.0)]), part("b", &[(1, 0.2), (2, 0.0)])];
    assert_eq!(choose(&parts, 0.1 + 0.2)?.map(|choice| choice.bytes), Some(2));
    assert_eq!(choose(&[], 0.0)?, Some(Choice { picks: vec![], bytes: 0, percent: 0.0 }));
    Ok(())
}

#[test]
fn what_one_part_gains_pays_for_no_other() -> Result<()> {
    let parts = [part("a", &[(1, 0.12), (4, 0.0)]), part("b", &[(1, -0.13), (4, 0.0)])];
    let choice = choose(&parts, 0.02)?.expect("the finest cost nothing");
    assert_eq!(choice, Choice { picks: vec![1, 0], bytes: 5, percent: 0.0 });
    // nor does it hold a budget that asks for a gain
    assert_eq!(choose(&parts, -0.01)?, None);
    Ok(())
}

#[test]
fn many_parts_are_chosen_within_the_budget_and_near_the_best() -> Result<()> {
    let mut rng = generator(6, 0);
    let mut random = |_| {
        let bytes = 1_000 + below(&mut rng, 1_000_000) as u64;
        let percent = 0.001 * fraction(&mut rng);
        part("p", &[(bytes, 16.0 * percent), (2 * bytes, percent), (4 * bytes, 0.0)])
    };
    let parts: Vec<Part> = (0..120).map(&mut random).collect();
    let budget = 0.2;
    let choice = choose(&parts, budget)?.expect("all at the finest cost nothing");
    assert!(choice.percent <= budget);
    let [bytes, percent] = [|c: &Candidate| c.bytes as f64, |c: &Candidate| c.percent].map(|of| {
        parts.iter().zip(&choice.picks).map(|(part, &pick)| of(&part.candidates[pick])).sum::<f64>()
    });
    assert_eq!(bytes, choice.bytes as f64);
    assert_abs_diff_eq!(percent, choice.percent, epsilon = 1e-12);
    // no choice has less bytes than this, for any price of a percent: Lagrange's bound
    let bound = |price: f64| {
        let least = |part: &Part| {
            let priced = part.candidates.iter().map(|c| c.bytes as f64 + price * c.percent);
            priced.fold(f64::INFINITY, f64::min)
        };
        parts.iter().map(least).sum::<f64>() - price * budget
    };
    let best = (0..400).map(|i| bound(1.05f64.powi(i))).fold(0.0, f64::max);
    assert!(best <= bytes && bytes <= best * 1.005, "{bytes}, at least {best}");
    Ok(())
}

/// A pair whose difference is `percent`.
fn pair_of(percent: f64) -> PairedNe {
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    let logit = |percent: f64| ((2f64.ln() * (1.0 + percent / 100.0)).exp() - 1.0).ln() as f32;
    let mut pair = PairedNe::default();
    let other = logit(percent);
    pair.add_logits(&[0.0; 2], &[-other, other], &[1.0, 0.0]).expect("it is sound");
    pair
}

#[test]
fn a_choice_that_costs_more_than_was_predicted_is_followed_by_a_dearer_one() -> Result<()> {
    let parts: Vec<Part> =
        (0..6).map(|i| part("p", &[(10, 0.02 + 0.001 * f64::from(i)), (20, 0.004), (40, 0.0)])).collect();
    // the whole costs half as much again as its parts
    let mut seen: Vec<Choice> = Vec::new();
    let found = select(&parts, 0.06, |choice| {
        seen.push(choice.clone());
        Ok(pair_of(1.5 * choice.percent))
    })?;
    let found = found.expect("the finest costs nothing");
    assert!(found.measured.percent <= 0.06, "{found:?}");
    assert!(found.measurements == seen.len() && seen.len() > 1, "{found:?}");
    assert_eq!(seen.last(), Some(&found.choice));
    assert!(seen.windows(2).all(|pair| pair[0].bytes < pair[1].bytes));
    // what was measured is not far from the best of all that hold
    let holds = |choice: &Choice| 1.5 * choice.percent <= 0.06;
    let best = all_choices(&parts).into_iter().filter(holds).map(|choice| choice.bytes).min();
    assert!(best.is_some_and(|best| found.choice.bytes <= best + 20), "{found:?}, {best:?}");
    // as predicted: one measurement
    let found = select(&parts, 0.06, |choice| Ok(pair_of(choice.percent - 1e-6)))?;
    assert!(found.is_some_and(|found| found.measurements == 1));
    Ok(())
}

#[test]
fn a_budget_that_cannot_be_held_is_found_out() -> Result<()> {
    let parts = [part("a", &[(1, 0.5), (2, 0.1)]), part("b", &[(1, 0.3), (2, 0.2), (3, 0.25)])];
    for budget in [0.05, 0.4, 0.9] {
        let mut last = None;
        let found = select(&parts, budget, |choice| {
            last = Some(choice.clone());
            Ok(pair_of(1.0 + choice.percent))
        })?;
        assert_eq!(found, None);
        // the best there is was tried
        assert_eq!(last.map(|choice| choice.picks), Some(vec![1, 1]));
    }
    // even where the prediction says no
    let found = select(&parts, 0.05, |choice| Ok(pair_of(choice.percent - 0.29)))?;
    assert!(found.is_some_and(|found| found.choice.picks == [1, 1]));
    let failed = select(&parts, 0.9, |_| Err(Error::WrongContext { argument: "choice" }));
    assert!(matches!(failed, Err(Error::WrongContext { .. })));
    let message = |result: Result<Option<Choice>>| result.expect_err("it is bad").to_string();
    assert_eq!(message(choose(&parts, f64::NAN)), "budget: expected a finite one, got NaN");
    assert_eq!(message(choose(&[part("a", &[])], 1.0)), "a: expected at least one candidate, got 0");
    assert_eq!(
        message(choose(&[part("a", &[(7, f64::INFINITY)])], 1.0)),
        "a, 7 bytes: expected a finite difference, got inf"
    );
    Ok(())
}

#[test]
fn parts_are_ranked_by_their_relative_errors() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let ctx = Context::cpu();
    let mut shadow = Shadow::default();
    shadow.add("fine", &[3.0, 4.0], &[3.0, 4.5])?;
    shadow.add("exact", &[0.0; 3], &[0.0; 3])?;
    shadow.add("coarse", &[0.3, -0.4], &[0.3, -0.1])?;
    // over two batches
    shadow.add("fine", &[0.0, 12.0], &[0.0, 12.0])?;
    let matrix = |values: &[f32]| Matrix::from_slice(&ctx, values, 2, 1);
    shadow.add_matrices(&ctx, "broken", &matrix(&[1.0, 2.0])?, &matrix(&[1.0, f32::NAN])?)?;
    let report = shadow.report();
    let names: Vec<&str> = report.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["broken", "coarse", "fine", "exact"]);
    assert_eq!(report.parts[0].max_error, f64::INFINITY);
    let fine = &report.parts[2];
    assert_eq!((fine.values, fine.max_error), (4, 0.5));
    assert_abs_diff_eq!(fine.relative_l2, 0.5 / 13.0, epsilon = 1e-12);
    assert_abs_diff_eq!(fine.sqnr, 20.0 * 26f64.log10(), epsilon = 1e-9);
    assert_abs_diff_eq!(report.parts[1].relative_l2, 0.6, epsilon = 1e-6);

    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 5 && lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    let json = serde_json::to_string(&report)?;
    assert!(json.contains(r#""name":"broken","values":2,"relative_l2":null"#), "{json}");

    let message = |result: Result<()>| result.expect_err("it is bad").to_string();
    assert_eq!(
        message(shadow.add("fine", &[1.0], &[])),
        "fine: expected 1 values, as many as the reference has, got 0"
    );
    assert_eq!(
        message(shadow.add("new", &[1.0, f32::NAN], &[1.0, 1.0])),
        "new: expected finite values, got NaN at 1 of the reference"
    );
    assert!(shadow.add_matrices(&ctx, "fine", &matrix(&[1.0, 2.0])?, &Matrix::zeros(&ctx, 1, 2)?).is_err());
    assert_eq!(shadow.report(), report);
    Ok(())
}
