//! Gradients against central differences of an `f64` oracle.

use embag::optim::Sgd;
use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, Recorder, Table};

use crate::common;
use crate::model::{Lists, Model, feature, padded};

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

fn pooled() -> Model {
    Model::new(
        &[(12, 5), (9, 8), (6, 66)],
        &[
            feature(0, Pooling::Sum),
            padded(1, Pooling::Mean, 2),
            feature(2, Pooling::Mean),
            feature(0, Pooling::Mean),
        ],
    )
}

/// The loss: the sum of outputs times `grads`, in `f64`.
fn loss(model: &Model, tables: &[Vec<f64>], lists: &Lists, weights: &[f64], grads: &[Vec<f32>]) -> f64 {
    let mut loss = 0.0;
    let mut position = 0;
    for (f, feature) in model.features.iter().enumerate() {
        let dim = model.dim(f);
        let mut sequence = 0;
        for (b, list) in lists.ids[f].iter().enumerate() {
            let count = list.iter().filter(|&&id| feature.padding != Some(id)).count().max(1) as f64;
            for &id in list {
                let row = if feature.pooling == Pooling::None { sequence } else { b };
                let share = if feature.pooling == Pooling::Mean { 1.0 / count } else { 1.0 };
                if feature.padding != Some(id) {
                    for c in 0..dim {
                        let value = tables[feature.table][id as usize * dim + c];
                        loss += value * weights[position] * share * f64::from(grads[f][row * dim + c]);
                    }
                }
                (position, sequence) = (position + 1, sequence + 1);
            }
        }
    }
    loss
}

/// `(loss(x + h) - loss(x - h)) / 2h` for each value of `values`.
fn differences(values: &mut [f64], mut loss: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-4;
    (0..values.len())
        .map(|i| {
            let x = values[i];
            values[i] = x + h;
            let above = loss(values);
            values[i] = x - h;
            let below = loss(values);
            values[i] = x;
            (above - below) / (2.0 * h)
        })
        .collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

/// The gradient of every table: with a rate of -1 a table of zeros becomes its gradient.
fn table_gradients(ctx: &Context, model: &Model, lists: &Lists, grads: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let zeros: Vec<Vec<f32>> = model.tables.iter().map(|&(rows, dim)| vec![0.0; rows * dim]).collect();
    let mut bags = model.clone().optimizer(Sgd { lr: -1.0, ..Default::default() }).bags(ctx, &zeros);
    let batch = lists.build(&bags);
    bags.backward(&batch, &model.matrices(ctx, lists, grads)).unwrap();
    (0..model.tables.len()).map(|t| bags.download(&format!("t{t}")).unwrap()).collect()
}

#[test]
fn of_the_tables() {
    let mut sequences = pooled();
    sequences.features[0].pooling = Pooling::None;
    sequences.features[1].pooling = Pooling::None;
    for (model, weighted) in
        [(pooled(), false), (pooled(), true), (sequences.clone(), false), (sequences, true)]
    {
        let lists = Lists::random(&model, 7, 6, weighted, 4);
        let grads = model.grads(&lists, 4);
        let sample: Vec<f64> =
            lists.weights.as_ref().map_or(vec![1.0; lists.values().len()], |weights| wide(weights));
        let mut tables: Vec<Vec<f64>> = model.weights(4).iter().map(|table| wide(table)).collect();
        let mut expected = Vec::new();
        for t in 0..tables.len() {
            let mut values = tables[t].clone();
            let mut work = tables.clone();
            expected.push(differences(&mut values, |values| {
                work[t].copy_from_slice(values);
                loss(&model, &work, &lists, &sample, &grads)
            }));
            tables[t] = values;
        }
        for ctx in devices() {
            let found = table_gradients(&ctx, &model, &lists, &grads);
            for (t, expected) in expected.iter().enumerate() {
                common::assert_close(
                    &format!("table {t} on {}", common::name_of(&ctx)),
                    &found[t],
                    expected,
                    1e-5,
                );
            }
        }
    }
}

#[test]
fn of_the_per_sample_weights() {
    let model = pooled();
    for seed in 0..3 {
        let lists = Lists::random(&model, 7, 6, true, seed);
        let (weights, grads) = (model.weights(seed), model.grads(&lists, seed));
        let tables: Vec<Vec<f64>> = weights.iter().map(|table| wide(table)).collect();
        let mut sample = wide(lists.weights.as_ref().unwrap());
        let expected = differences(&mut sample, |sample| loss(&model, &tables, &lists, sample, &grads));
        for ctx in devices() {
            let bags = model.bags(&ctx, &weights);
            let grad = model.side_by_side(7, &grads);
            let grad = Matrix::from_slice(&ctx, &grad, 7, bags.output_cols()).unwrap();
            // there need not be weights for there to be a gradient: they are ones
            for weights in [lists.weights.clone(), None] {
                let batch = Lists { weights, ..lists.clone() }.build(&bags);
                let found: Vec<f32> = bags.weight_grad(&batch, &grad).unwrap().read(&ctx).unwrap();
                common::assert_close(&common::name_of(&ctx), &found, &expected, 1e-5);
            }
        }
    }
}

#[test]
fn a_planted_fault_is_found() {
    let model = pooled();
    let lists = Lists::random(&model, 7, 6, false, 4);
    let grads = model.grads(&lists, 4);
    let right = table_gradients(&Context::cpu(), &model, &lists, &grads);
    // an occurrence counted twice
    let mut twice = lists.clone();
    twice.ids[0][0].push(3);
    let wrong = table_gradients(&Context::cpu(), &model, &twice, &grads);
    let expected: Vec<f64> = wide(&right[0]);
    let found = std::panic::catch_unwind(|| common::assert_close("planted", &wrong[0], &expected, 1e-5));
    assert!(found.is_err());
}

#[test]
fn the_learning_rate_can_be_changed() {
    for ctx in devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(4).dim(2).init(Init::Zero))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd { lr: 0.5, ..Default::default() })
            .build()
            .unwrap();
        let batch = bags.batch().feature("f", &[2u32]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, -2.0], 1, 2).unwrap();
        bags.backward(&batch, &grad).unwrap();
        assert_eq!(bags.read_row("t", 2).unwrap(), [-0.5, 1.0]);
        bags.set_lr(0.25).unwrap();
        assert_eq!(bags.optimizer().unwrap().lr(), 0.25);
        bags.backward(&batch, &grad).unwrap();
        assert_eq!(bags.read_row("t", 2).unwrap(), [-0.75, 1.5]);
        // recorded work takes the rate of its submission, as it takes the number of its step
        let mut rec = Recorder::new(&ctx);
        bags.record_backward(&mut rec, &batch, &grad).unwrap();
        bags.set_lr(100.0).unwrap();
        rec.run().unwrap();
        assert_eq!(bags.read_row("t", 2).unwrap(), [-100.75, 201.5]);
    }
}

#[test]
fn without_an_optimizer_there_is_only_lookup() {
    for ctx in devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(4).dim(2).init(Init::Constant(2.0)))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        let batch = bags.batch().bags("f", &[2u32, 3], &[2]).build().unwrap();
        let out = bags.forward(&batch).unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), [4.0, 4.0]);
        let slopes: Vec<f32> = bags.weight_grad(&batch, &out).unwrap().read(&ctx).unwrap();
        assert_eq!(slopes, [16.0, 16.0]);
        let expected = "optimizer: expected one, for a backward, got none";
        assert_eq!(bags.backward(&batch, &out).unwrap_err().to_string(), expected);
        assert_eq!(bags.backward(&batch, &[out]).unwrap_err().to_string(), expected);
        assert_eq!(bags.set_lr(1.0).unwrap_err().to_string(), "optimizer: expected one, got none");
        assert!(bags.optimizer().is_none());
        assert!(bags.download_state("t", "sum").is_err());
        assert_eq!(bags.download("t").unwrap(), [2.0; 8]);
    }
}
