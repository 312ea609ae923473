//! Values at the edge: NaN, infinities and what is too large to be squared, in gradients, rows, weights,
//! state and learning rates, as the documentation of `Optimizer` says (`src/optimizer/edge_values.md`); and
//! what 16 bits cannot hold.

use approx::abs_diff_eq;
use embag::dense::record_bce_with_logits;
use embag::metrics::log_loss_from_logits;
use embag::optim::{
    Adagrad, Adam, BiasCorrection, CowClip, Frequency, FrequencySgd, Ftrl, Lamb, LarsSgd, Optimizer,
    PartialRowwiseAdam, PartialRowwiseLamb, Rounding, RowwiseAdagrad, RowwiseAdagradCounter, Sgd,
    UpdateRules,
};
use embag::{Checkpoint, Context, EmbeddingBags, Init, Matrix, Pooling, Precision, Recorder, Table};

use crate::common;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// The CPU, and the adapter with both shapes of kernels.
fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

/// Bags with a table of two rows, the first of these values, the second of ones.
fn bags(
    ctx: &Context,
    optimizer: impl Into<Optimizer>,
    rules: UpdateRules,
    precision: Precision,
    row: &[f32],
) -> EmbeddingBags {
    let mut bags = EmbeddingBags::builder(ctx)
        .table("t", Table::rows(2).dim(row.len()).precision(precision).init(Init::Constant(1.0)))
        .feature("f", "t", Pooling::Sum)
        .optimizer(optimizer)
        .update_rules(rules)
        .build()
        .unwrap();
    bags.write_row("t", 0, row).unwrap();
    bags
}

/// A step with this gradient of the first row; the row after it. The second one must stay what it is.
fn step(bags: &mut EmbeddingBags, gradient: &[f32]) -> Vec<f32> {
    let ctx = bags.context().clone();
    let batch = bags.batch().feature("f", &[0u32]).build().unwrap();
    bags.backward(&batch, &Matrix::from_slice(&ctx, gradient, 1, gradient.len()).unwrap()).unwrap();
    assert!(bags.read_row("t", 1).unwrap().iter().all(|&value| value == 1.0));
    bags.read_row("t", 0).unwrap()
}

fn updated(
    ctx: &Context,
    optimizer: impl Into<Optimizer>,
    rules: UpdateRules,
    row: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    step(&mut bags(ctx, optimizer, rules, Precision::F32, row), gradient)
}

#[track_caller]
fn near(ctx: &Context, what: &str, got: &[f32], expected: impl IntoIterator<Item = f64>) {
    let expected: Vec<f64> = expected.into_iter().collect();
    common::assert_close_at(0.0, &format!("{what} on {}", common::name_of(ctx)), got, &expected, 1e-5);
}

#[test]
fn losses_of_infinite_logits() {
    let labels = [0.0, f32::MIN_POSITIVE, 0.25, 1.0 - f32::EPSILON / 2.0, 1.0];
    let (logits, labels): (Vec<f32>, Vec<f32>) =
        [INF, -INF].into_iter().flat_map(|z| labels.map(|y| (z, y))).unzip();
    let expected = [INF, INF, INF, INF, 0.0, 0.0, INF, INF, INF, INF];
    for ((&z, &y), expected) in logits.iter().zip(&labels).zip(expected) {
        assert_eq!(log_loss_from_logits(&[z], &[y]).unwrap(), f64::from(expected), "{z} {y}");
    }
    for ctx in devices() {
        let column = |values: &[f32]| Matrix::from_slice(&ctx, values, values.len(), 1).unwrap();
        // a NaN stays one
        let (z, y) =
            (column(&[&logits[..], &[NAN, 0.0, NAN]].concat()), [&labels[..], &[0.0, NAN, 1.0]].concat());
        let (y, loss, grad) = (column(&y), column(&[7.0; 13]), column(&[7.0; 13]));
        let mut rec = Recorder::new(&ctx);
        record_bce_with_logits(&mut rec, &z, &y, &loss, &grad).unwrap();
        rec.run().unwrap();
        let (loss, grad) = (loss.to_vec(&ctx).unwrap(), grad.to_vec(&ctx).unwrap());
        assert_eq!(loss[..10], expected, "{}", common::name_of(&ctx));
        assert!(loss[10..].iter().all(|loss| loss.is_nan()), "{loss:?}");
        let right = logits.iter().zip(&labels).map(|(z, y)| (f32::from(u8::from(*z > 0.0)) - y) / 13.0);
        for (found, right) in grad.iter().zip(right) {
            assert!(abs_diff_eq!(*found, right, epsilon = 1e-6), "{grad:?}");
        }
    }
}

/// Rows, gradients and steps whose squares a float cannot hold have the norms that they have.
#[test]
fn norms_of_what_is_too_large_to_be_squared() {
    let rules = UpdateRules::default();
    let sgd = Sgd { lr: 1.0, ..Default::default() };
    for ctx in devices() {
        // pairs of columns
        for pairs in [1usize, 2, 3, 35, 80] {
            let all = |pair: [f32; 2]| pair.repeat(pairs);
            let times = |size: f64| all([3.0, 4.0]).into_iter().map(move |value| f64::from(value) * size);
            let root = (pairs as f64).sqrt();
            let none = all([0.0, 0.0]);
            for size in [1.0f32, 1e20, 8e37] {
                let large = all([3.0 * size, 4.0 * size]);
                let max_norm = UpdateRules { max_norm: Some(1.0), ..rules };
                let row = updated(&ctx, sgd, max_norm, &large, &none);
                near(&ctx, "max_norm", &row, times(1.0 / (5.0 * root)));
                let clip_norm = UpdateRules { clip_norm: Some(1.0), ..rules };
                let row = updated(&ctx, sgd, clip_norm, &none, &large);
                near(&ctx, "clip_norm", &row, times(-1.0 / (5.0 * root)));
                // both norms are out of reach, and the limit is a tenth of the row's
                let clip = CowClip { ratio: 0.1, floor: 0.0 };
                let row = updated(
                    &ctx,
                    sgd,
                    UpdateRules { cow_clip: Some(clip), ..rules },
                    &all([0.3 * size, 0.4 * size]),
                    &large,
                );
                near(&ctx, "CowClip", &row, times(0.09 * f64::from(size)));
                // the first step is one of each column's sign, the ratio |w| / |u|
                let lambs: [Optimizer; 2] = [
                    Lamb { lr: 0.1, ..Default::default() }.into(),
                    PartialRowwiseLamb { lr: 0.1, ..Default::default() }.into(),
                ];
                for lamb in lambs {
                    let row = updated(&ctx, lamb, rules, &large, &all([1.0, 1.0]));
                    let change = 0.1 * 5.0 / 2f64.sqrt() * f64::from(size);
                    let expected = times(f64::from(size)).map(|value| value - change);
                    near(&ctx, lamb.name(), &row, expected);
                }
                // w - lr eta |w| g / |g|, of a row of ordinary size and of one as large as the gradient
                let lars = LarsSgd { lr: 1.0, eta: 0.01, ..Default::default() };
                for own in [1e-3 * size, size] {
                    let row = updated(&ctx, lars, rules, &all([3.0 * own, 4.0 * own]), &large);
                    near(&ctx, "lars_sgd", &row, times(0.99 * f64::from(own)));
                }
            }
        }
    }
}

#[test]
fn clipped_values_of_a_gradient() {
    let rules = UpdateRules { clip_value: Some(0.5), ..Default::default() };
    for ctx in devices() {
        for dim in [4, 5] {
            let mut gradient = vec![0.25; dim];
            gradient[..4].copy_from_slice(&[NAN, INF, -1e30, -0.25]);
            let row = updated(&ctx, Sgd { lr: 1.0, ..Default::default() }, rules, &vec![1.0; dim], &gradient);
            assert!(row[0].is_nan(), "{row:?} on {}", common::name_of(&ctx));
            assert_eq!(row[1..4], [0.5, 1.5, 1.25], "{}", common::name_of(&ctx));
        }
        // sums of many occurrences are made ahead
        let mut bags = bags(&ctx, Sgd { lr: 1.0, ..Default::default() }, rules, Precision::F32, &[1.0; 4]);
        let batch = bags.batch().feature("f", &[0u32; 200]).build().unwrap();
        let mut gradient = vec![0.0; 800];
        gradient[0] = NAN;
        let gradient = Matrix::from_slice(&ctx, &gradient, 200, 4).unwrap();
        bags.backward(&batch, &gradient).unwrap();
        let row = bags.read_row("t", 0).unwrap();
        assert!(row[0].is_nan() && row[1..] == [1.0; 3], "{row:?}");
    }
}

fn optimizers() -> [Optimizer; 13] {
    [
        Sgd::default().into(),
        FrequencySgd::default().into(),
        Adagrad::default().into(),
        Adam::default().into(),
        Adam { bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(),
        Lamb::default().into(),
        LarsSgd::default().into(),
        RowwiseAdagrad::default().into(),
        RowwiseAdagradCounter::default().into(),
        PartialRowwiseAdam::default().into(),
        PartialRowwiseLamb::default().into(),
        FrequencySgd { frequency: Frequency::Occurrences, ..Default::default() }.into(),
        Ftrl::default().into(),
    ]
}

/// What became of a value.
fn outcome(before: f32, after: f32) -> &'static str {
    match after {
        _ if after.is_nan() => "NaN",
        _ if after.is_infinite() => "inf",
        _ if after.to_bits() == before.to_bits() => "stays",
        _ => "moves",
    }
}

/// The table of the documentation: what becomes of the element that has the value, and of the others of its
/// row.
#[test]
fn what_optimizers_make_of_it() {
    // a NaN, an infinity and 1e30 in the gradient, then a NaN and an infinity in the row
    let expected = |optimizer: &Optimizer| match optimizer.name() {
        "sgd" | "frequency_sgd" => ["NaN moves", "inf moves", "moves moves", "NaN moves", "inf moves"],
        "adagrad" | "adam" => ["NaN moves", "NaN moves", "stays moves", "NaN moves", "inf moves"],
        "ftrl" => ["NaN moves", "NaN moves", "NaN moves", "NaN moves", "inf moves"],
        "lamb" => ["NaN moves", "NaN moves", "stays moves", "NaN moves", "NaN moves"],
        "lars_sgd" => ["NaN moves", "NaN stays", "moves stays", "NaN moves", "NaN NaN"],
        "rowwise_adagrad" | "rowwise_adagrad_counter" | "partial_rowwise_adam" => {
            ["NaN NaN", "NaN stays", "stays stays", "NaN moves", "inf moves"]
        }
        _ => ["NaN NaN", "NaN stays", "stays stays", "NaN moves", "NaN moves"],
    };
    for ctx in devices() {
        for optimizer in optimizers() {
            let optimizer = optimizer.with_lr(0.125);
            for dim in [4, 5] {
                let (row, gradient) = (vec![1.0; dim], vec![0.5; dim]);
                let with = |values: &[f32], value| {
                    let mut values = values.to_vec();
                    values[1] = value;
                    values
                };
                let cases = [
                    (row.clone(), with(&gradient, NAN)),
                    (row.clone(), with(&gradient, INF)),
                    (row.clone(), with(&gradient, 1e30)),
                    (with(&row, NAN), gradient.clone()),
                    (with(&row, INF), gradient.clone()),
                ];
                let found = cases.map(|(row, gradient)| {
                    let after = updated(&ctx, optimizer, UpdateRules::default(), &row, &gradient);
                    let of = |column: usize| outcome(row[column], after[column]);
                    assert!((2..dim).all(|column| of(column) == of(0)), "{after:?}");
                    format!("{} {}", of(1), of(0))
                });
                let what = format!("{optimizer:?} dim {dim} on {}", common::name_of(&ctx));
                assert_eq!(found, expected(&optimizer), "{what}");
            }
        }
    }
}

/// State that has become infinite or NaN remains so.
#[test]
fn what_state_remembers() {
    for ctx in devices() {
        for (bad, kept) in [(NAN, "NaN"), (1e30, "stays")] {
            let mut of_elements =
                bags(&ctx, Adagrad::default(), UpdateRules::default(), Precision::F32, &[1.0; 4]);
            let mut of_rows =
                bags(&ctx, RowwiseAdagrad::default(), UpdateRules::default(), Precision::F32, &[1.0; 4]);
            for (bags, others) in [(&mut of_elements, "moves"), (&mut of_rows, kept)] {
                step(bags, &[0.5, bad, 0.5, 0.5]);
                bags.write_row("t", 0, &[1.0; 4]).unwrap();
                let after = step(bags, &[0.5; 4]);
                assert_eq!([0, 1].map(|column| outcome(1.0, after[column])), [others, kept], "{bad}");
            }
        }
        // state that is given
        for (sum, after) in [(NAN, "NaN"), (INF, "stays"), (-1.0, "NaN")] {
            let mut bags = bags(&ctx, Adagrad::default(), UpdateRules::default(), Precision::F32, &[1.0; 4]);
            bags.upload_state("t", "sum", &[[sum; 4], [0.0; 4]].concat()).unwrap();
            assert_eq!(outcome(1.0, step(&mut bags, &[0.5; 4])[2]), after, "{sum}");
        }
        // a frequency that is none has the cap
        for frequency in [NAN, -1.0, 0.0] {
            let optimizer =
                FrequencySgd { frequency: Frequency::Given, cap: 0.5, horizon: 1, ..Default::default() };
            let mut bags = bags(&ctx, optimizer, UpdateRules::default(), Precision::F32, &[1.0; 4]);
            bags.upload_state("t", "frequency", &[frequency; 2]).unwrap();
            assert_eq!(step(&mut bags, &[1.0; 4]), [0.5; 4], "{frequency}");
        }
    }
}

#[test]
fn what_rules_make_of_it() {
    let none = UpdateRules::default();
    let sgd = Sgd { lr: 1.0, ..Default::default() };
    let clip_norm = UpdateRules { clip_norm: Some(1.0), ..none };
    let cow_clip = UpdateRules { cow_clip: Some(CowClip { ratio: 0.5, floor: 0.25 }), ..none };
    let max_norm = UpdateRules { max_norm: Some(1.0), ..none };
    for ctx in devices() {
        let row = |rules, row: [f32; 4], gradient: [f32; 4]| updated(&ctx, sgd, rules, &row, &gradient);
        let same = |found: Vec<f32>, expected: [f32; 4]| {
            let found: Vec<String> = found.iter().map(f32::to_string).collect();
            let expected: Vec<String> = expected.iter().map(f32::to_string).collect();
            assert_eq!(found, expected, "{}", common::name_of(&ctx));
        };
        for rules in [clip_norm, cow_clip] {
            // no norm is no reason to shorten; of an infinite one nothing is left
            same(row(rules, [2.0; 4], [NAN, 1.0, 8.0, 0.0]), [NAN, 1.0, -6.0, 2.0]);
            same(row(rules, [2.0; 4], [INF, 1.0, 8.0, 0.0]), [NAN, 2.0, 2.0, 2.0]);
        }
        // a row without a norm has the floor as its limit, an infinite one none
        same(row(cow_clip, [NAN, 2.0, 2.0, 2.0], [0.0, 1.0, 0.0, 0.0]), [NAN, 1.75, 2.0, 2.0]);
        same(row(cow_clip, [INF, 2.0, 2.0, 2.0], [0.0, 9.0, 0.0, 0.0]), [INF, -7.0, 2.0, 2.0]);
        same(row(max_norm, [NAN, 3.0, 4.0, 0.0], [0.0; 4]), [NAN, 3.0, 4.0, 0.0]);
        same(row(max_norm, [INF, 3.0, 4.0, 0.0], [0.0; 4]), [NAN, 0.0, 0.0, 0.0]);
        // decay passes what it finds in the row on
        for weight_decay in [embag::optim::WeightDecay::L2(0.5), embag::optim::WeightDecay::Decoupled(0.5)] {
            let sgd = Sgd { lr: 1.0, weight_decay };
            let after = updated(&ctx, sgd, none, &[NAN, 1.0, 1.0, 1.0], &[0.0; 4]);
            same(after, [NAN, 0.5, 0.5, 0.5]);
        }
    }
}

/// A weight that is no number makes all of its row such a number, and all of its bag.
#[test]
fn weights_of_examples() {
    for ctx in devices() {
        for (weight, zero, one) in [(NAN, "NaN", "NaN"), (INF, "NaN", "inf")] {
            let sgd = Sgd { lr: 1.0, ..Default::default() };
            let mut bags = bags(&ctx, sgd, UpdateRules::default(), Precision::F32, &[1.0, 0.0, 1.0, 1.0]);
            let batch = bags.batch().feature("f", &[0u32]).weights("f", &[weight]).build().unwrap();
            let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_eq!([outcome(1.0, out[0]), outcome(1.0, out[1])], [one, zero]);
            bags.backward(&batch, &Matrix::from_slice(&ctx, &[1.0, 1.0, 0.0, 1.0], 1, 4).unwrap()).unwrap();
            let row = bags.read_row("t", 0).unwrap();
            assert_eq!([outcome(1.0, row[0]), outcome(1.0, row[2])], [one, zero]);
        }
    }
}

#[test]
fn learning_rates() {
    for ctx in devices() {
        for optimizer in optimizers() {
            let mut bags = bags(&ctx, optimizer, UpdateRules::default(), Precision::F32, &[1.0; 4]);
            for lr in [NAN, INF] {
                let error = bags.set_lr(lr).unwrap_err().to_string();
                assert_eq!(error, format!("{} lr: expected a finite number, got {lr}", optimizer.name()));
            }
        }
        // a step that is too large for a float
        let sgd = Sgd { lr: 1e38, ..Default::default() };
        let row = updated(&ctx, sgd, UpdateRules::default(), &[1.0; 4], &[10.0, 0.0, 1.0, -10.0]);
        assert_eq!(row, [-INF, 1.0, -1e38, INF]);
    }
}

/// Without `eps` a touched row whose gradients have been zeros alone has the step 0 / 0, as in torch.
#[test]
fn no_eps() {
    for ctx in devices() {
        let optimizers: [Optimizer; 5] = [
            Adagrad { eps: 0.0, ..Default::default() }.into(),
            RowwiseAdagrad { eps: 0.0, ..Default::default() }.into(),
            Adam { eps: 0.0, ..Default::default() }.into(),
            PartialRowwiseAdam { eps: 0.0, ..Default::default() }.into(),
            Lamb { eps: 0.0, ..Default::default() }.into(),
        ];
        for optimizer in optimizers {
            let row = updated(&ctx, optimizer, UpdateRules::default(), &[1.0; 4], &[0.0; 4]);
            assert!(row.iter().all(|value| value.is_nan()), "{optimizer:?}: {row:?}");
        }
    }
}

#[test]
fn tables_of_16_bits_refuse_what_they_cannot_hold() {
    let rules = UpdateRules::default();
    for ctx in common::devices() {
        let cases = [(Precision::F16, 65_519.0, 65_520.0), (Precision::Bf16, 3.39e38, f32::MAX)];
        for (precision, held, beyond) in cases {
            let mut bags = bags(&ctx, Sgd::default(), rules, precision, &[1.0; 3]);
            let largest = if precision == Precision::F16 { "6.5504e4" } else { "3.3895314e38" };
            let expected = format!(
                "expected finite values of at most {largest} in size, for {precision:?}, got -{beyond}"
            );
            let before = bags.download("t").unwrap();
            let error = bags.upload("t", &[0.0, 0.0, 0.0, 2.0, -beyond, NAN]).unwrap_err().to_string();
            assert_eq!(error, format!("row 1 of table \"t\": {expected}"));
            let error = bags.write_row("t", 1, &[2.0, -beyond, 0.0]).unwrap_err().to_string();
            assert_eq!(error, format!("row 1 of table \"t\": {expected}"));
            assert_eq!(bags.download("t").unwrap(), before);
            for init in
                [Init::Constant(-beyond), Init::Uniform(-beyond), Init::Normal { mean: -beyond, std: 0.0 }]
            {
                let table = Table::rows(2).dim(3).precision(precision).init(init);
                let built = EmbeddingBags::builder(&ctx).table("t", table).feature("f", "t", Pooling::Sum);
                assert_eq!(built.build().unwrap_err().to_string(), format!("table \"t\" init: {expected}"));
            }
            // what rounds to a finite value is one; infinities and NaN are kept as they are
            bags.upload("t", &[held, INF, -INF, NAN, -held, 0.0]).unwrap();
            let kept = bags.download("t").unwrap();
            assert!(kept[0].is_finite() && kept[4].is_finite() && kept[3].is_nan(), "{kept:?}");
            assert_eq!(kept[1..3], [INF, -INF]);
        }
    }
}

/// What training makes of values that 16 bits cannot hold.
#[test]
fn training_beyond_16_bits() {
    let sgd = Sgd { lr: 1.0, ..Default::default() };
    for ctx in devices() {
        for rounding in [Rounding::Nearest, Rounding::Stochastic] {
            let rules = UpdateRules { rounding, ..Default::default() };
            let mut half = bags(&ctx, sgd, rules, Precision::F16, &[64_992.0; 4]);
            assert_eq!(step(&mut half, &[-600.0, -512.0, 608.0, 0.0]), [INF, 65_504.0, 64_384.0, 64_992.0]);
            let mut brain = bags(&ctx, sgd, rules, Precision::Bf16, &[3e38, 1.0, 1.0, 1.0]);
            assert_eq!(step(&mut brain, &[-1e38, 0.0, 0.0, 0.0])[0], INF);
        }
        // state of 16 bits that becomes infinite: the step is the last one, or NaN where a momentum is
        // infinite too
        let rules = UpdateRules { state: Precision::F16, ..Default::default() };
        let adagrad = Adagrad { lr: 0.5, ..Default::default() };
        let mut adagrad = bags(&ctx, adagrad, rules, Precision::F32, &[1.0; 4]);
        let first = step(&mut adagrad, &[300.0, 1.0, 1.0, 1.0]);
        assert_eq!(outcome(1.0, first[0]), "moves");
        assert_eq!(adagrad.download_state("t", "sum").unwrap()[..2], [INF, 1.0]);
        let second = step(&mut adagrad, &[300.0, 1.0, 1.0, 1.0]);
        assert_eq!([0, 1].map(|c| outcome(first[c], second[c])), ["stays", "moves"]);
        let mut adam = bags(&ctx, Adam::default(), rules, Precision::F32, &[1.0; 4]);
        assert_eq!(outcome(1.0, step(&mut adam, &[1e6, 1.0, 1.0, 1.0])[0]), "moves");
        let second = step(&mut adam, &[1.0; 4]);
        assert_eq!([0, 1].map(|c| outcome(1.0, second[c])), ["NaN", "moves"]);
        let lars = LarsSgd { lr: 1e6, eta: 1.0, ..Default::default() };
        let mut lars = bags(&ctx, lars, rules, Precision::F32, &[1.0; 4]);
        assert_eq!(outcome(1.0, step(&mut lars, &[1.0; 4])[0]), "moves");
        assert_eq!(step(&mut lars, &[0.0; 4]), [-INF; 4]);
    }
}

#[test]
fn state_of_another_type_is_refused() {
    for ctx in common::devices() {
        let of = |state| {
            let rules = UpdateRules { state, ..Default::default() };
            let mut bags = bags(&ctx, Adagrad::default(), rules, Precision::F32, &[1.0; 4]);
            step(&mut bags, &[1.0; 4]);
            bags
        };
        let types = [(Precision::F32, "F32"), (Precision::F16, "F16"), (Precision::Bf16, "BF16")];
        for (from, got) in types {
            let mut source = of(from);
            if from == Precision::F32 {
                source.upload_state("t", "sum", &[1e6; 8]).unwrap();
            }
            let mut checkpoint = Checkpoint::new();
            source.export(&mut checkpoint, "b").unwrap();
            for (to, expected) in types {
                let mut target = of(to);
                let before = target.download_state("t", "sum").unwrap();
                let imported = target.import(&checkpoint, "b");
                if from == to {
                    imported.unwrap();
                    let states = [&source, &target].map(|bags| bags.download_state("t", "sum").unwrap());
                    assert_eq!(states[0], states[1]);
                    continue;
                }
                let reason = format!("tensor \"b.t.sum\": expected {expected} [2, 4], got {got} [2, 4]");
                assert_eq!(imported.unwrap_err().to_string(), format!("checkpoint (in memory): {reason}"));
                assert_eq!(target.download_state("t", "sum").unwrap(), before);
            }
        }
        let error = of(Precision::F16).upload_state("t", "sum", &[0.0, 0.0, 0.0, 0.0, 0.0, 1e6, 0.0, 0.0]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "row 1 of state \"sum\" of table \"t\": expected finite values of at most 6.5504e4 in size, for F16, \
             got 1000000"
        );
    }
}

#[test]
fn counters_that_are_full_stay_so() {
    let optimizers: [Optimizer; 3] = [
        Adam { bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(),
        FrequencySgd::default().into(),
        FrequencySgd { frequency: Frequency::Occurrences, ..Default::default() }.into(),
    ];
    for ctx in devices() {
        for optimizer in optimizers {
            let mut bags = bags(&ctx, optimizer, UpdateRules::default(), Precision::F32, &[1.0; 4]);
            bags.upload_counts("t", "row_counter", &[u32::MAX - 1, 7]).unwrap();
            for _ in 0..3 {
                let row = step(&mut bags, &[0.5; 4]);
                assert!(row.iter().all(|value| value.is_finite()), "{optimizer:?}: {row:?}");
                assert_eq!(bags.download_counts("t", "row_counter").unwrap(), [u32::MAX, 7]);
            }
        }
        // a counter of floats ends at 2^24, from where on one more is lost
        let mut bags =
            bags(&ctx, RowwiseAdagradCounter::default(), UpdateRules::default(), Precision::F32, &[1.0; 4]);
        bags.upload_state("t", "row_counter", &[16_777_216.0; 2]).unwrap();
        step(&mut bags, &[0.5; 4]);
        assert_eq!(bags.download_state("t", "row_counter").unwrap(), [16_777_216.0; 2]);
    }
}
