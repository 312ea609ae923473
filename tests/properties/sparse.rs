//! Gradients without an optimizer: made, updated with, added up, checked.

use std::collections::BTreeMap;

use embag::optim::{
    Adagrad, Adam, BiasCorrection, CowClip, Frequency, FrequencySgd, Ftrl, Lamb, LarsSgd, Optimizer,
    PartialRowwiseAdam, PartialRowwiseLamb, RowwiseAdagrad, RowwiseAdagradCounter, Schedule, Sgd,
    UpdateRules, WeightDecay,
};
use embag::{
    Buffer, Context, ContextOptions, DeviceBatch, EmbeddingBags, Error, Init, Matrix, Pooling, Precision,
    Recorder, Result, SparseGradient, Table,
};
use proptest::prelude::*;

use crate::common;
use crate::model::{Feature, Lists, Model, feature, padded};
use crate::random::Random;

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

#[track_caller]
fn message<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

fn optimizers() -> Vec<Optimizer> {
    let frequency = |frequency| FrequencySgd { lr: 0.5, horizon: 50, frequency, ..Default::default() };
    let l2 = WeightDecay::L2(0.1);
    vec![
        Sgd { lr: 0.1, weight_decay: l2 }.into(),
        Adagrad { lr: 0.1, eps: 0.01, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, eps: 0.01, weight_decay: WeightDecay::Decoupled(0.1) }.into(),
        Adam { lr: 0.1, weight_decay: l2, ..Default::default() }.into(),
        Adam { lr: 0.1, bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(),
        PartialRowwiseAdam { lr: 0.1, ..Default::default() }.into(),
        Lamb { lr: 0.1, weight_decay: 0.1, ..Default::default() }.into(),
        PartialRowwiseLamb { lr: 0.1, ..Default::default() }.into(),
        LarsSgd { lr: 0.1, ..Default::default() }.into(),
        frequency(Frequency::Steps).into(),
        frequency(Frequency::Occurrences).into(),
        RowwiseAdagradCounter { lr: 0.1, ..Default::default() }.into(),
        Ftrl { lr: 0.1, l1: 0.1, ..Default::default() }.into(),
    ]
}

fn rules() -> Vec<UpdateRules> {
    let none = UpdateRules::default();
    vec![
        none,
        UpdateRules { clip_norm: Some(0.5), ..none },
        UpdateRules { cow_clip: Some(CowClip { ratio: 0.2, floor: 0.01 }), scale_by_frequency: true, ..none },
        UpdateRules { clip_value: Some(0.4), max_norm: Some(1.0), ..none },
    ]
}

/// Tables and features with everything that can be set.
#[derive(Clone)]
struct Scene {
    tables: Vec<(usize, usize, Precision)>,
    features: Vec<Feature>,
    optimizer: Option<Optimizer>,
    rules: UpdateRules,
}

impl Scene {
    fn model(&self) -> Model {
        let tables: Vec<_> = self.tables.iter().map(|&(rows, dim, _)| (rows, dim)).collect();
        Model::new(&tables, &self.features)
    }

    fn bags(&self, ctx: &Context) -> EmbeddingBags {
        let mut builder =
            EmbeddingBags::builder(ctx).update_rules(self.rules).schedule(Schedule::step(1, 0.5)).seed(5);
        for (t, &(rows, dim, precision)) in self.tables.iter().enumerate() {
            let table = Table::rows(rows).dim(dim).precision(precision).init(Init::Uniform(1.0));
            builder = builder.table(&format!("t{t}"), table);
        }
        for (f, feature) in self.features.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &format!("t{}", feature.table), feature.pooling);
            builder = feature.padding.into_iter().fold(builder, |builder, id| builder.padding(id));
        }
        self.optimizer.into_iter().fold(builder, |builder, o| builder.optimizer(o)).build().unwrap()
    }

    /// Two steps with the fused backward, and two by way of sparse gradients, must leave the same behind.
    #[track_caller]
    fn check(&self, ctx: &Context, lists: &[Lists]) {
        let model = self.model();
        let what = format!("{:?} {:?} on {}", self.optimizer, self.rules, common::name_of(ctx));
        let (mut fused, mut sparse) = (self.bags(ctx), self.bags(ctx));
        for (seed, lists) in (0..).zip(lists) {
            let grads = model.matrices(ctx, lists, &model.grads(lists, seed));
            fused.backward(&lists.build(&fused), &grads).unwrap();
            let made = sparse.sparse_grad(&lists.build(&sparse), &grads).unwrap();
            assert_eq!(made.len(), self.tables.len());
            sparse.update(&made).unwrap();
            assert_eq!(sparse.steps(), fused.steps());
        }
        let (expected, found) = (model.content(&fused), model.content(&sparse));
        let (expected, found) = ([expected.0, expected.1].concat(), [found.0, found.1].concat());
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            common::assert_agrees(ctx, &format!("{what}: [{i}]"), found, expected);
        }
    }
}

/// Tables of several kinds, of which two features share one.
fn scene() -> Scene {
    Scene {
        tables: vec![
            (60, 16, Precision::F32),
            (40, 5, Precision::F32),
            (50, 12, Precision::F16),
            (9, 3, Precision::Bf16),
        ],
        features: vec![
            feature(0, Pooling::Sum),
            padded(1, Pooling::Mean, 3),
            feature(2, Pooling::None),
            feature(0, Pooling::Mean),
            feature(3, Pooling::Sum),
        ],
        optimizer: None,
        rules: UpdateRules::default(),
    }
}

#[test]
fn updates_are_those_of_the_fused_backward() {
    let base = scene();
    let model = base.model();
    // one row in four bags is hot
    let lists = [Lists::random(&model, 60, 9, true, 1), Lists::random(&model, 40, 9, false, 2)];
    for ctx in devices() {
        for optimizer in optimizers() {
            for rules in rules() {
                Scene { optimizer: Some(optimizer), rules, ..base.clone() }.check(&ctx, &lists);
            }
        }
    }
}

#[test]
fn hot_rows() {
    for (examples, dim) in [(7500, 64), (30_000, 65), (70_000, 4), (2000, 1030)] {
        let scene = Scene {
            tables: vec![(9, dim, Precision::F32)],
            features: vec![feature(0, Pooling::Sum)],
            optimizer: Some(RowwiseAdagrad::default().into()),
            rules: UpdateRules { clip_value: Some(0.5), ..Default::default() },
        };
        let mut lists = Lists { examples, ids: vec![vec![vec![5]; examples]], weights: None };
        for b in (0..examples).step_by(1000) {
            lists.ids[0][b] = vec![3];
        }
        for ctx in devices() {
            scene.check(&ctx, std::slice::from_ref(&lists));
        }
    }
}

#[test]
fn wide_rows_and_limits() {
    let scene = Scene {
        tables: vec![(30, 2050, Precision::F32)],
        features: vec![feature(0, Pooling::Sum)],
        optimizer: Some(Lamb::default().into()),
        rules: UpdateRules { clip_norm: Some(1.0), max_norm: Some(2.0), ..Default::default() },
    };
    let lists = [Lists::random(&scene.model(), 9, 5, true, 1)];
    for ctx in devices() {
        scene.check(&ctx, &lists);
    }
}

#[test]
fn tables_and_gradients_over_several_windows() {
    // 48, 64, 12 and 5 rows a window of 3 KiB; the values of a gradient need several bindings too
    let options = ContextOptions::new().max_binding(3072).max_buffer(64 << 10);
    let tables = [(100, 16), (150, 12), (30, 63), (9, 130)];
    let base = Scene {
        tables: tables.map(|(rows, dim)| (rows, dim, Precision::F32)).to_vec(),
        features: vec![
            feature(0, Pooling::Sum),
            padded(1, Pooling::Mean, 20),
            feature(2, Pooling::Sum),
            feature(3, Pooling::Mean),
        ],
        optimizer: None,
        rules: UpdateRules::default(),
    };
    let model = base.model();
    let lists = [Lists::random(&model, 4, 20, true, 11), Lists::random(&model, 4, 20, false, 12)];
    let cpu = Context::cpu_with(&options).unwrap();
    for ctx in std::iter::once(cpu).chain(common::gpu_shapes_with(&options)) {
        for optimizer in [Adagrad::default().into(), RowwiseAdagrad::default().into()] {
            for rules in rules() {
                Scene { optimizer: Some(optimizer), rules, ..base.clone() }.check(&ctx, &lists);
            }
        }
        // and added up, the same as without limits
        let sum = |ctx: &Context| {
            let bags = base.bags(ctx);
            let made: Vec<_> = lists.iter().map(|lists| gradients(&bags, &model, lists)).collect();
            let sums =
                (0..4).map(|t| SparseGradient::sum(&[made[0][t].clone(), made[1][t].clone()]).unwrap());
            sums.map(|sum| sum.scale(0.3).unwrap().to_host().unwrap()).collect::<Vec<_>>()
        };
        for ((rows, found, _), (expected_rows, expected, _)) in sum(&ctx).iter().zip(&sum(&Context::cpu())) {
            assert_eq!(rows, expected_rows, "{}", common::name_of(&ctx));
            common::assert_agrees(&ctx, &common::name_of(&ctx), found, expected);
        }
    }
}

fn gradients(bags: &EmbeddingBags, model: &Model, lists: &Lists) -> Vec<SparseGradient> {
    let grads = model.matrices(bags.context(), lists, &model.grads(lists, 3));
    bags.sparse_grad(&lists.build(bags), &grads).unwrap()
}

/// For each row its gradient in `f64` and its number of occurrences.
type Expected = BTreeMap<u32, (Vec<f64>, u32)>;

/// The gradient of each table's rows, by the formulas.
fn reference(model: &Model, lists: &Lists, grads: &[Vec<f32>]) -> Vec<Expected> {
    let mut tables = vec![Expected::new(); model.tables.len()];
    let mut position = 0;
    for (f, feature) in model.features.iter().enumerate() {
        let dim = model.dim(f);
        let mut sequence = 0;
        for (b, list) in lists.ids[f].iter().enumerate() {
            let present = list.iter().filter(|&&id| feature.padding != Some(id)).count();
            let divisor = if feature.pooling == Pooling::Mean { present.max(1) as f64 } else { 1.0 };
            for &id in list {
                let weight = lists.weights.as_ref().map_or(1.0, |weights| f64::from(weights[position]));
                let row = if feature.pooling == Pooling::None { sequence } else { b };
                (position, sequence) = (position + 1, sequence + 1);
                if feature.padding == Some(id) {
                    continue;
                }
                let (sum, count) = tables[feature.table].entry(id).or_insert_with(|| (vec![0.0; dim], 0));
                *count += 1;
                for (sum, &g) in sum.iter_mut().zip(&grads[f][row * dim..]) {
                    *sum += weight / divisor * f64::from(g);
                }
            }
        }
    }
    tables
}

#[track_caller]
fn assert_is(ctx: &Context, what: &str, gradient: &SparseGradient, expected: &Expected) {
    let what = format!("{what} on {}", common::name_of(ctx));
    let (rows, values, counts) = gradient.to_host().unwrap();
    assert!(rows.iter().eq(expected.keys()), "{what}: rows {rows:?}");
    assert!(counts.iter().eq(expected.values().map(|(_, count)| count)), "{what}: counts {counts:?}");
    let sums: Vec<f64> = expected.values().flat_map(|(sum, _)| sum).copied().collect();
    common::assert_close(&what, &values, &sums, 1e-5);
}

#[test]
fn two_halves_of_a_batch() {
    let scene = scene();
    let model = scene.model();
    let mut lists = Lists::random(&model, 50, 9, false, 4);
    // means stay what they are
    lists.weights = None;
    let grads = model.grads(&lists, 4);
    // every feature must be pooled for the halves to be cut
    let mut pooled = scene.clone();
    pooled.features[2].pooling = Pooling::Sum;
    let model = Model { features: pooled.features.clone(), ..model };
    let grads: Vec<Vec<f32>> =
        grads.iter().enumerate().map(|(f, grad)| grad[..50 * model.dim(f)].to_vec()).collect();
    let expected = reference(&model, &lists, &grads);
    let half = |examples: std::ops::Range<usize>| {
        let ids = lists.ids.iter().map(|feature| feature[examples.clone()].to_vec()).collect();
        let part = |(f, grad): (usize, &Vec<f32>)| {
            let dim = model.dim(f);
            grad[examples.start * dim..examples.end * dim].to_vec()
        };
        let grads: Vec<Vec<f32>> = grads.iter().enumerate().map(part).collect();
        (Lists { examples: examples.len(), ids, weights: None }, grads)
    };
    for ctx in devices() {
        let bags = pooled.bags(&ctx);
        let halves = [half(0..20), half(20..50)].map(|(lists, grads)| {
            bags.sparse_grad(&lists.build(&bags), &model.matrices(&ctx, &lists, &grads)).unwrap()
        });
        let cols = bags.output_cols();
        let whole = model.side_by_side(50, &grads);
        let whole = Matrix::from_slice(&ctx, &whole, 50, cols).unwrap();
        let whole = bags.sparse_grad(&lists.build(&bags), &whole).unwrap();
        for (t, expected) in expected.iter().enumerate() {
            assert_is(&ctx, &format!("whole {t}"), &whole[t], expected);
            let sum = halves[0][t].add(&halves[1][t]).unwrap();
            assert_is(&ctx, &format!("sum {t}"), &sum, expected);
            // the order of the gradients is the order of the sum
            let again = SparseGradient::sum(&[halves[0][t].clone(), halves[1][t].clone()]).unwrap();
            assert_eq!(again.to_host().unwrap(), sum.to_host().unwrap());
            assert_eq!(sum.capacity(), expected.len());
            assert_eq!(sum.table(), format!("t{t}"));
        }
    }
}

#[test]
fn all_of_it_in_one_submission() {
    let base = Scene { optimizer: Some(Adam::default().into()), ..scene() };
    let model = base.model();
    let lists = [Lists::random(&model, 30, 9, true, 1), Lists::random(&model, 20, 9, true, 2)];
    for ctx in devices() {
        let mut bags = base.bags(&ctx);
        let made: Vec<_> = lists.iter().map(|lists| gradients(&bags, &model, lists)).collect();
        let sums: Vec<_> = (0..4).map(|t| made[0][t].add(&made[1][t]).unwrap().scale(0.5).unwrap()).collect();
        bags.update(&sums).unwrap();
        let expected = model.content(&bags);

        let mut bags = base.bags(&ctx);
        let mut rec = Recorder::new(&ctx);
        let mut made = Vec::new();
        for lists in &lists {
            let grads = model.matrices(&ctx, lists, &model.grads(lists, 3));
            made.push(bags.record_sparse_grad(&mut rec, &lists.build(&bags), &grads).unwrap());
        }
        let recorded: Vec<_> = (0..4)
            .map(|t| {
                let both = [made[0][t].clone(), made[1][t].clone()];
                let sum = SparseGradient::record_sum(&mut rec, &both).unwrap();
                sum.record_scale(&mut rec, 0.5).unwrap()
            })
            .collect();
        bags.record_update(&mut rec, &recorded).unwrap();
        rec.run().unwrap();
        assert_eq!(model.content(&bags), expected, "{}", common::name_of(&ctx));
        for (recorded, sum) in recorded.iter().zip(&sums) {
            assert!(recorded.capacity() >= sum.capacity());
            assert_eq!(recorded.len().unwrap(), sum.capacity());
            assert_eq!(recorded.trimmed().unwrap().capacity(), sum.capacity());
            assert_eq!(recorded.to_host().unwrap(), sum.to_host().unwrap());
            assert_eq!(recorded.total().read::<u32>(&ctx).unwrap()[0] as usize, sum.capacity());
            let tail: Vec<u32> = recorded.rows().read(&ctx).unwrap();
            assert!(tail[sum.capacity()..].iter().all(|&row| row == u32::MAX));
        }
    }
}

#[test]
fn empty_batches_and_tables() {
    let scene = Scene {
        tables: vec![(10, 4, Precision::F32), (0, 4, Precision::F32), (10, 3, Precision::F32)],
        features: vec![feature(0, Pooling::Sum), feature(1, Pooling::Sum), feature(2, Pooling::Sum)],
        optimizer: Some(Adam::default().into()),
        rules: UpdateRules::default(),
    };
    let model = scene.model();
    let some =
        Lists { examples: 1, ids: vec![vec![vec![7, 7, 2]], vec![vec![]], vec![vec![]]], weights: None };
    let none = Lists { examples: 2, ids: vec![vec![vec![]; 2]; 3], weights: None };
    let nothing = Lists { examples: 0, ids: vec![vec![]; 3], weights: None };
    for ctx in devices() {
        scene.check(&ctx, &[some.clone(), none.clone(), nothing.clone(), some.clone()]);
        let mut bags = scene.bags(&ctx);
        let made = gradients(&bags, &model, &some);
        assert_eq!(made.iter().map(|g| g.len().unwrap()).collect::<Vec<_>>(), [2, 0, 0]);
        assert!(made[1].is_empty().unwrap());
        for empty in gradients(&bags, &model, &none) {
            assert_eq!(empty.to_host().unwrap(), (vec![], vec![], vec![]));
        }
        let sum = SparseGradient::sum(&made[1..2]).unwrap();
        assert_eq!((sum.len().unwrap(), sum.capacity(), sum.dim()), (0, 0, 4));
        assert!(sum.scale(2.0).unwrap().is_empty().unwrap());
        // a step without gradients is one too
        bags.update(&[]).unwrap();
        assert_eq!(bags.steps(), 1);
    }
}

fn small(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(10).dim(4))
        .table("u", Table::rows(20).dim(3))
        .feature("f", "t", Pooling::Sum)
        .feature("g", "u", Pooling::Mean)
        .optimizer(Adagrad::default())
        .build()
        .unwrap()
}

fn content(bags: &EmbeddingBags) -> Vec<Vec<f32>> {
    let table = |name| [bags.download(name).unwrap(), bags.download_state(name, "sum").unwrap()];
    ["t", "u"].map(table).concat()
}

#[test]
fn device_batches() {
    for ctx in devices() {
        let mut bags = small(&ctx);
        let before = content(&bags);
        let grad = Matrix::from_slice(&ctx, &[1.0; 21], 3, 7).unwrap();
        let given = |ids: [u32; 6]| {
            DeviceBatch::from_offsets(
                3,
                Buffer::from_slice(&ctx, &ids).unwrap(),
                Buffer::from_slice(&ctx, &[0u32, 2, 2, 3, 3, 5, 6]).unwrap(),
            )
        };
        let ids = [1, 2, 2, 4, 5, 4];
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given(ids)).unwrap();
        rec.run().unwrap();
        let made = bags.sparse_grad(&batch, &grad).unwrap();
        let host = bags.batch_from_offsets(&ids, &[0, 2, 2, 3, 3, 5, 6], None).unwrap();
        for (made, expected) in made.iter().zip(bags.sparse_grad(&host, &grad).unwrap()) {
            assert_eq!(made.to_host().unwrap(), expected.to_host().unwrap());
        }

        // a bad one: nothing of the good ones it is used with is written either
        let expected = r#"feature "g", example 1, position 4: id 20 out of range for 20 rows"#;
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given([1, 2, 2, 4, 20, 4])).unwrap();
        let bad = bags.record_sparse_grad(&mut rec, &batch, &grad).unwrap();
        let sum = SparseGradient::record_sum(&mut rec, &[made[0].clone(), bad[0].clone()]).unwrap();
        let scaled = bad[1].record_scale(&mut rec, 2.0).unwrap();
        bags.record_update(&mut rec, &[sum.clone(), made[1].clone()]).unwrap();
        message(rec.run(), expected);
        for gradient in bad.iter().chain([&sum, &scaled]) {
            message(gradient.len(), expected);
            message(gradient.to_host(), expected);
            message(gradient.scale(1.0), expected);
            assert_eq!(gradient.total().read::<u32>(&ctx).unwrap(), [0]);
        }
        message(bags.sparse_grad(&batch, &grad), expected);
        message(bags.update(&[made[0].clone(), bad[1].clone()]), expected);
        message(made[0].add(&bad[0]), expected);
        assert_eq!(content(&bags), before, "{}", common::name_of(&ctx));
    }
}

#[test]
fn a_caller_s_own_rows() {
    for ctx in devices() {
        let values = Random::new(1).floats(12);
        // three updates that must be the same
        let (mut host, mut device, mut fused) = (small(&ctx), small(&ctx), small(&ctx));
        let given = SparseGradient::from_host(&host, "t", &[2, 5, 9], &values, Some(&[1, 2, 1])).unwrap();
        assert_eq!(given.to_host().unwrap(), (vec![2, 5, 9], values.clone(), vec![1, 2, 1]));
        host.update(&[given]).unwrap();

        // with room to spare, and gaps between the rows
        let mut spaced = vec![7.0; 25];
        for (row, values) in spaced.chunks_mut(5).zip(values.chunks(4)) {
            row[1..].copy_from_slice(values);
        }
        let matrix = Matrix::from_slice(&ctx, &spaced, 5, 5).unwrap().columns(1, 4).unwrap();
        let rows = Buffer::from_slice(&ctx, &[2, 5, 9, u32::MAX, u32::MAX]).unwrap();
        let mut rec = Recorder::new(&ctx);
        let given = SparseGradient::from_device(&mut rec, &device, "t", rows, matrix, None).unwrap();
        device.record_update(&mut rec, std::slice::from_ref(&given)).unwrap();
        rec.run().unwrap();
        assert_eq!(given.to_host().unwrap(), (vec![2, 5, 9], values.clone(), vec![1; 3]));
        assert_eq!((given.len().unwrap(), given.capacity()), (3, 5));
        assert_eq!(given.scale(1.0).unwrap().to_host().unwrap(), (vec![2, 5, 9], values.clone(), vec![1; 3]));

        let batch = fused.batch().lists("f", [vec![2u32], vec![5], vec![9]]).lists("g", [[0u32; 0]; 3]);
        let grads = [Matrix::from_slice(&ctx, &values, 3, 4).unwrap(), Matrix::zeros(&ctx, 3, 3).unwrap()];
        fused.backward(&batch.build().unwrap(), &grads).unwrap();
        assert_eq!(content(&host), content(&fused), "{}", common::name_of(&ctx));
        assert_eq!(content(&device), content(&fused), "{}", common::name_of(&ctx));
    }
}

#[test]
fn bad_rows_on_the_device() {
    for ctx in devices() {
        let mut bags = small(&ctx);
        let before = content(&bags);
        let good = SparseGradient::from_host(&bags, "u", &[3], &[1.0; 3], None).unwrap();
        for (rows, expected) in [
            ([1, 2, 10], "table \"t\": row 10 out of range for 10 rows"),
            ([1, 2, u32::MAX - 1], "table \"t\": row 4294967294 out of range for 10 rows"),
            ([1, 3, 3], "rows of a gradient of table \"t\"[2]: expected more than 3, the row before, got 3"),
            ([4, 3, 2], "rows of a gradient of table \"t\"[1]: expected more than 4, the row before, got 3"),
            (
                [1, u32::MAX, 2],
                "rows of a gradient of table \"t\"[2]: expected none, as behind the last row, got 2",
            ),
        ] {
            let buffer = Buffer::from_slice(&ctx, &rows).unwrap();
            let values = Matrix::from_slice(&ctx, &[1.0; 12], 3, 4).unwrap();
            let mut rec = Recorder::new(&ctx);
            let given = SparseGradient::from_device(&mut rec, &bags, "t", buffer, values, None).unwrap();
            // before its recorder is submitted it cannot be used
            message(
                bags.update(std::slice::from_ref(&given)),
                "gradient: expected one whose own recorder was submitted before, got one that was not checked yet",
            );
            bags.record_update(&mut rec, &[good.clone(), given.clone()]).unwrap();
            message(rec.run(), expected);
            message(bags.update(std::slice::from_ref(&given)), expected);
            message(given.len(), expected);
            message(given.add(&given), expected);
            if !rows.contains(&u32::MAX) {
                message(SparseGradient::from_host(&bags, "t", &rows, &[1.0; 12], None), expected);
            }
            assert_eq!(content(&bags), before, "{expected} on {}", common::name_of(&ctx));
        }
    }
}

#[test]
fn mistakes() {
    let ctx = Context::cpu();
    let mut bags = small(&ctx);
    let batch = bags.batch().feature("f", &[1u32, 2]).feature("g", &[1u32, 2]).build().unwrap();
    let matrix = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    message(bags.sparse_grad(&batch, &matrix(2, 6)), "grad: expected 2 x 7, got 2 x 6");
    message(
        bags.sparse_grad(&batch, &[matrix(2, 4)]),
        "grads: expected 2 matrices, one for each feature, got 1",
    );
    message(
        small(&ctx).sparse_grad(&batch, &matrix(2, 7)),
        "batch: expected one that was built for these bags, got one that was built for others",
    );
    let host = |table, rows: &[u32], values: &[f32], counts| {
        SparseGradient::from_host(&bags, table, rows, values, counts)
    };
    message(host("v", &[1], &[0.0; 4], None), "table: expected one of [\"t\", \"u\"], got \"v\"");
    message(
        host("t", &[1], &[0.0; 3], None),
        "values of a gradient of table \"t\": expected 1 rows x 4 values, got 3",
    );
    message(
        host("t", &[1], &[0.0; 4], Some(&[1, 1])),
        "counts of a gradient of table \"t\": expected 1 values, one for each row, got 2",
    );
    message(host("t", &[u32::MAX], &[0.0; 4], None), "table \"t\": row 4294967295 out of range for 10 rows");
    let t = host("t", &[1], &[1.0; 4], None).unwrap();
    let u = host("u", &[1], &[1.0; 3], None).unwrap();
    let ones = |n: usize| Buffer::from_slice(&ctx, &vec![1u32; n]).unwrap();
    let mut rec = Recorder::new(&ctx);
    let mut device =
        |rows, values, counts| SparseGradient::from_device(&mut rec, &bags, "t", rows, values, counts);
    message(
        device(ones(1), matrix(1, 3), None),
        "values of a gradient of table \"t\": expected 1 x 4, got 1 x 3",
    );
    message(
        device(ones(1), matrix(1, 4), Some(ones(2))),
        "counts of a gradient of table \"t\": expected 1 values, one for each row, got 2",
    );
    message(
        device(ones(3).slice(4, 4).unwrap(), matrix(1, 4), None),
        "rows of a gradient of table \"t\": expected memory at a multiple of 256 bytes, got an offset of 4 bytes",
    );
    let other = Context::cpu();
    message(
        device(Buffer::from_slice(&other, &[1u32]).unwrap(), matrix(1, 4), None),
        "rows belongs to another context",
    );

    message(SparseGradient::sum(&[]), "gradients: expected at least one, got none");
    message(t.add(&u), "gradients: expected all of table \"t\", 10 rows x 4, got one of \"u\", 20 rows x 3");
    message(
        bags.update(&[t.clone(), t.clone()]),
        "gradients of table \"t\": expected one (SparseGradient::sum makes one of several), got two",
    );
    let bags_of = |ctx: &Context, rows, optimizer: Option<Optimizer>| {
        let builder = EmbeddingBags::builder(ctx).table("t", Table::rows(rows).dim(4));
        let builder = builder.feature("f", "t", Pooling::Sum);
        optimizer.into_iter().fold(builder, |builder, o| builder.optimizer(o)).build().unwrap()
    };
    let sgd = Some(Sgd::default().into());
    message(
        bags_of(&ctx, 11, sgd).update(std::slice::from_ref(&t)),
        "gradient of table \"t\": expected 11 rows x 4, got 10 rows x 4",
    );
    message(bags_of(&ctx, 10, sgd).update(&[u]), "table: expected one of [\"t\"], got \"u\"");
    message(
        bags_of(&ctx, 10, None).update(std::slice::from_ref(&t)),
        "optimizer: expected one, for an update, got none",
    );
    message(bags_of(&other, 10, sgd).update(std::slice::from_ref(&t)), "gradient belongs to another context");
    message(t.record_scale(&mut Recorder::new(&other), 1.0), "gradient belongs to another context");
    // other bags with a table of this name and shape may use it
    bags_of(&ctx, 10, sgd).update(&[t]).unwrap();
    assert_eq!(bags.steps(), 0, "mistakes are no steps");
}

#[test]
fn without_an_optimizer() {
    let scene = scene();
    let model = scene.model();
    let lists = Lists::random(&model, 30, 9, true, 7);
    let expected = reference(&model, &lists, &model.grads(&lists, 3));
    for ctx in devices() {
        let bags = scene.bags(&ctx);
        for (t, gradient) in gradients(&bags, &model, &lists).iter().enumerate() {
            assert_is(&ctx, &format!("table {t}"), gradient, &expected[t]);
        }
    }
}

#[test]
fn a_planted_fault_is_found() {
    let scene = scene();
    let model = scene.model();
    let lists = Lists::random(&model, 30, 9, false, 7);
    let mut grads = model.grads(&lists, 3);
    let ctx = Context::cpu();
    let made = gradients(&scene.bags(&ctx), &model, &lists);
    let found = |expected: &Expected| {
        let check = std::panic::AssertUnwindSafe(|| assert_is(&ctx, "planted", &made[0], expected));
        std::panic::catch_unwind(check).is_err()
    };
    let right = reference(&model, &lists, &grads).swap_remove(0);
    assert!(!found(&right));
    // a row too few, a count and a gradient that are wrong
    let mut wrong = right.clone();
    wrong.pop_first();
    assert!(found(&wrong));
    let mut wrong = right.clone();
    wrong.iter_mut().for_each(|(_, (_, count))| *count += 1);
    assert!(found(&wrong));
    grads[0].iter_mut().for_each(|value| *value += 0.01);
    assert!(found(&reference(&model, &lists, &grads)[0]));
}

#[test]
fn too_many_rows_for_the_device_is_an_error() {
    let options = ContextOptions::new().max_binding(1024).max_buffer(1024);
    let cpu = Context::cpu_with(&options).unwrap();
    for ctx in std::iter::once(cpu).chain(common::gpu_shapes_with(&options)) {
        let bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(100).dim(16))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        let ids: Vec<u32> = (0..40).collect();
        let batch = bags.batch().bags("f", &ids, &[40]).build().unwrap();
        let error = bags.sparse_grad(&batch, &Matrix::zeros(&ctx, 1, 16).unwrap()).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { needed: 2560, limit: 1024, .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    /// Rows and counts are those of a map; values are numbers of terms, as every gradient is one.
    #[test]
    fn distinct_rows(
        first in prop::collection::vec(0u32..3000, 0..4000),
        second in prop::collection::vec(prop_oneof![0u32..10, 0u32..500], 0..4000),
    ) {
        for ctx in devices() {
            let bags = EmbeddingBags::builder(&ctx)
                .table("a", Table::rows(3000).dim(4))
                .table("b", Table::rows(500).dim(1))
                .feature("f", "a", Pooling::Sum)
                .feature("g", "b", Pooling::Sum)
                .build()
                .unwrap();
            let lengths = [first.len(), second.len()].map(|len| u32::try_from(len).unwrap());
            let batch = bags.batch_from_lengths(&[first.clone(), second.clone()].concat(), &lengths, None).unwrap();
            let made = bags.sparse_grad(&batch, &Matrix::from_slice(&ctx, &[1.0; 5], 1, 5).unwrap()).unwrap();
            for (gradient, ids) in made.iter().zip([&first, &second]) {
                let mut expected = BTreeMap::<u32, u32>::new();
                for &id in ids {
                    *expected.entry(id).or_default() += 1;
                }
                let (rows, values, counts) = gradient.to_host().unwrap();
                prop_assert!(rows.iter().copied().eq(expected.keys().copied()));
                prop_assert!(counts.iter().copied().eq(expected.values().copied()));
                let ones = values.chunks(gradient.dim()).zip(&counts);
                prop_assert!(ones.into_iter().all(|(row, &count)| row.iter().all(|&value| value == count as f32)));
            }
        }
    }
}
