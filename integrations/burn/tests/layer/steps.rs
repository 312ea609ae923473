//! The bags in burn's graph, beside the same calls of embag alone.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use embag::optim::{RowwiseAdagrad, Sgd};
use embag::{Context, JaggedBatch, Matrix, Pooling, Table};
use embag_burn::EmbeddingBags;

use crate::common::{bits, opened};
use crate::random_shapes::random_shapes;

fn tables(ctx: &Context) -> embag::EmbeddingBags {
    embag::EmbeddingBags::builder(ctx)
        .table("a", Table::rows(50).dim(8))
        .table("b", Table::rows(30).dim(5))
        .feature("sum", "a", Pooling::Sum)
        .feature("mean", "b", Pooling::Mean)
        .feature("again", "a", Pooling::Max)
        .optimizer(RowwiseAdagrad { lr: 0.1, ..Default::default() })
        .seed(7)
        .build()
        .unwrap()
}

fn batch(bags: &EmbeddingBags, shift: u32) -> JaggedBatch {
    let ids = |n: u32| (0..n).map(|i| (i * 7 + shift) % 30).collect::<Vec<u32>>();
    let batch = bags.batches().batch();
    batch
        .bags("sum", &ids(6), &[3, 0, 2, 1])
        .bags("mean", &ids(5), &[1, 1, 3, 0])
        .bags("again", &ids(4), &[2, 1, 0, 1])
        .build()
        .unwrap()
}

/// A number for each output, by which the loss weighs it: the outputs' gradient.
fn weights(shift: u32) -> Vec<f32> {
    (0..4 * 21u32).map(|i| ((i * 37 + shift) % 19) as f32 / 8.0 - 1.0).collect()
}

fn weighted_loss(pooled: Tensor<2>, shift: u32, device: &Device) -> Tensor<1> {
    (pooled * Tensor::<2>::from_data(TensorData::new(weights(shift), [4, 21]), device)).sum()
}

#[test]
fn a_step_gives_the_bits_of_embag_alone() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let bags = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    let mut alone = tables(&ctx);
    for step in 0..5 {
        let batch = batch(&bags, step);
        let pooled = bags.forward(&batch).unwrap();
        let own = alone
            .batch_from_lengths(
                &(0..6)
                    .map(|i| (i * 7 + step) % 30)
                    .chain((0..5).map(|i| (i * 7 + step) % 30))
                    .chain((0..4).map(|i| (i * 7 + step) % 30))
                    .collect::<Vec<u32>>(),
                &[3, 0, 2, 1, 1, 1, 3, 0, 2, 1, 0, 1],
                None,
            )
            .unwrap();
        assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());

        let _ = weighted_loss(pooled, step, &device).backward();
        // the tables have not changed yet
        assert_eq!(bags.with(|bags| bags.download("a")).unwrap(), alone.download("a").unwrap());
        bags.step(0.1).unwrap();
        let grad = Matrix::from_slice(&ctx, &weights(step), 4, 21).unwrap();
        alone.backward(&own, &grad).unwrap();
        for table in ["a", "b"] {
            assert_eq!(
                bags.with(|bags| bags.download(table)).unwrap(),
                alone.download(table).unwrap(),
                "table {table}, step {step}"
            );
        }
    }
    assert_eq!(bags.with(|bags| bags.steps()), 5);
}

#[test]
fn gradients_wait_for_a_step_and_are_dropped_by_discard() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let bags = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    let before = bags.with(|bags| bags.download("a")).unwrap();
    let batch = batch(&bags, 0);
    let _ = weighted_loss(bags.forward(&batch).unwrap(), 0, &device).backward();
    assert_eq!(
        bags.forward(&batch).unwrap_err().to_string(),
        "forward: expected fewer than 1 gradients that wait (call `step` or `discard`, or let more `accumulate`), got 1"
    );
    // what does not train may be looked up
    let valid = bags.valid();
    assert!(!valid.forward(&batch).unwrap().is_require_grad());
    bags.discard();
    bags.step(0.1).unwrap();
    assert_eq!(bags.with(|bags| bags.download("a")).unwrap(), before);
    // a forward without a backward leaves nothing behind
    drop(bags.forward(&batch).unwrap());
    bags.step(0.1).unwrap();
    assert_eq!(bags.with(|bags| bags.download("a")).unwrap(), before);
}

#[test]
fn accumulated_gradients_are_one_step_of_the_union() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let describe = || {
        embag::EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(40).dim(6))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd { lr: 0.5, ..Default::default() })
            .seed(3)
            .build()
            .unwrap()
    };
    let bags = EmbeddingBags::new(describe(), &device).unwrap().accumulate(4);
    let ids: Vec<u32> = (0..48).map(|i| i * i % 40).collect();
    let mut loss_of_union = describe();
    for part in ids.chunks(12) {
        let batch = bags.batches().batch().bags("f", part, &[6u32, 6]).build().unwrap();
        let _ = bags.forward(&batch).unwrap().powi_scalar(2).sum().backward();
    }
    bags.step(0.25).unwrap();

    let union = loss_of_union.batch().bags("f", &ids, &[6u32; 8]).build().unwrap();
    let pooled = loss_of_union.forward(&union).unwrap().to_vec(&ctx).unwrap();
    let grad: Vec<f32> = pooled.iter().map(|value| 2.0 * value).collect();
    loss_of_union.set_lr(0.25).unwrap();
    loss_of_union.backward(&union, &Matrix::from_slice(&ctx, &grad, 8, 6).unwrap()).unwrap();
    let (found, expected) =
        (bags.with(|bags| bags.download("t")).unwrap(), loss_of_union.download("t").unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    assert_eq!(bags.with(|bags| bags.steps()), 1);
}

#[test]
fn four_threads_look_up_in_the_same_tables() {
    let (device, ctx) = opened();
    let bags = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    let expected = bits(bags.forward(&batch(&bags, 3)).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(bits(bags.forward(&batch(&bags, 3)).unwrap()), expected);
                }
            });
        }
    });
}

#[test]
fn random_shapes_give_embags_bits() {
    let (device, ctx) = opened();
    // on four threads at once
    std::thread::scope(|scope| {
        let of_thread = |seed| random_shapes(&device, &ctx, seed, 50, None);
        let threads: Vec<_> = (1..=4).map(|seed| scope.spawn(move || of_thread(seed))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
    // a row that differs in its last bits is found
    let error = random_shapes(&device, &ctx, 1, 20, Some(5)).unwrap_err();
    assert!(error.starts_with("shape 5: "), "{error}");
}

#[test]
fn a_device_that_is_open_is_not_opened_again() {
    opened();
    let error = embag_burn::init(Device::wgpu_options()).unwrap_err();
    assert!(error.to_string().to_lowercase().contains("already"), "{error}");
}

#[test]
fn tables_are_saved_and_loaded() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.safetensors");
    let step = |bags: &EmbeddingBags, k| {
        drop(weighted_loss(bags.forward(&batch(bags, k)).unwrap(), k, &device).backward());
        bags.step(0.1).unwrap();
    };
    let bags = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    step(&bags, 0);
    bags.save_tables(&path).unwrap();
    step(&bags, 1);
    let other = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    other.load_tables(&path).unwrap();
    step(&other, 1);
    for table in ["a", "b"] {
        let values = |bags: &EmbeddingBags| bags.with(|bags| bags.download(table)).unwrap();
        assert_eq!(values(&bags), values(&other));
    }
    assert_eq!(other.with(|bags| bags.steps()), 2);
}

#[test]
fn wrong_batches_weights_and_rates_are_errors() {
    let (device, ctx) = opened();
    let training = device.clone().autodiff();
    let bags = EmbeddingBags::new(tables(&ctx), &training).unwrap();
    let other = EmbeddingBags::new(tables(&ctx), &device).unwrap();
    let error = other.forward(&batch(&bags, 0)).unwrap_err().to_string();
    assert_eq!(error, "batch: expected one that was built for these bags, got one that was built for others");
    let own = batch(&bags, 0);
    for wrong in [Device::flex(), Device::flex().autodiff()] {
        let weights = Tensor::<1>::ones([own.ids()], &wrong);
        let error = bags.forward_weighted(&own, weights).unwrap_err().to_string();
        assert!(error.starts_with("weights: expected a tensor of the tables' device"), "{error}");
    }
    let weights = Tensor::<1>::ones([own.ids()], &device);
    let error = bags.forward_weighted(&own, weights).unwrap_err().to_string();
    assert!(error.contains("maximum"), "{error}");

    drop(bags.forward(&own).unwrap().sum().backward());
    let error = bags.step(f64::NAN).unwrap_err().to_string();
    assert!(error.contains("lr") && error.contains("NaN"), "{error}");
    bags.forward(&own).unwrap();

    let without = |pooling| {
        let tables = embag::EmbeddingBags::builder(&ctx).table("t", Table::rows(4).dim(2));
        EmbeddingBags::new(tables.feature("f", "t", pooling).build().unwrap(), &training).unwrap()
    };
    let none = without(Pooling::Sum);
    let batch = none.batches().batch().feature("f", &[1u32]).build().unwrap();
    drop(none.forward(&batch).unwrap().sum().backward());
    let error = none.step(0.1).unwrap_err().to_string();
    assert!(error.starts_with("optimizer: expected one"), "{error}");
    let sequence = without(Pooling::None);
    let batch = sequence.batches().batch().feature("f", &[1u32]).build().unwrap();
    let error = sequence.forward(&batch).unwrap_err().to_string();
    assert!(error.contains("a sequence"), "{error}");
}

#[test]
fn what_waits_is_dropped_with_its_tables() {
    let (device, ctx) = opened();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.safetensors");
    let bags = EmbeddingBags::new(tables(&ctx), &device.clone().autodiff()).unwrap();
    bags.save_tables(&path).unwrap();
    let before = bags.with(|bags| bags.download("a")).unwrap();
    drop(bags.forward(&batch(&bags, 0)).unwrap().sum().backward());
    assert!(bags.load_tables(folder.path().join("none")).is_err());
    bags.load_tables(&path).unwrap();
    bags.step(0.1).unwrap();
    assert_eq!(bags.with(|bags| bags.download("a")).unwrap(), before);
}
