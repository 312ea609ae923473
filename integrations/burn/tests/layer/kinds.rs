//! Modules of every kind of tables.

use burn::module::Module;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use embag::optim::RowwiseAdagrad;
use embag::quant::{RangeSearch, RowFormat};
use embag::{Context, Error, Matrix, Pooling, Precision, Table};
use embag_burn::{CachedBags, ChunkedTables, EmbeddingBags, PrunedTables, QuantizedBags, VariableRows};

use crate::common::{bits, opened};

fn optimizer() -> RowwiseAdagrad {
    RowwiseAdagrad { lr: 0.1, ..Default::default() }
}

fn bags(ctx: &Context, dim: usize, precision: Precision) -> embag::EmbeddingBags {
    embag::EmbeddingBags::builder(ctx)
        .table("t", Table::rows(20).dim(dim))
        .feature("f", "t", Pooling::Sum)
        .output_precision(precision)
        .optimizer(optimizer())
        .seed(4)
        .build()
        .unwrap()
}

/// On burn's GPU, and beside Flex.
fn places() -> [(Device, Context); 2] {
    [opened(), (Device::flex(), Context::cpu())]
}

fn ones(ctx: &Context) -> Matrix {
    Matrix::from_slice(ctx, &[1.0; 16], 2, 8).unwrap()
}

#[test]
fn chunked_and_pruned_tables() {
    for (device, ctx) in places() {
        let make = || {
            embag::ChunkedTables::builder(&ctx)
                .table("t", 50, 8)
                .feature("f", "t", Pooling::Mean)
                .chunk_width(4)
                .slots(60)
                .optimizer(optimizer())
                .seed(4)
                .build()
                .unwrap()
        };
        let layer = ChunkedTables::new(make(), &device.clone().autodiff()).unwrap();
        let mut alone = make();
        let ids = [1u64 << 60, 7, 7];
        for step in 1..=3 {
            let batch = layer.with(|tables| tables.admit_from_lengths(&ids, &[1, 2])).unwrap();
            let own = alone.admit_from_lengths(&ids, &[1, 2]).unwrap();
            let pooled = layer.forward(&batch).unwrap();
            assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
            drop(pooled.sum().backward());
            assert!(layer.forward(&batch).is_err(), "a gradient waits");
            layer.step(0.1).unwrap();
            alone.backward(&own, &ones(&ctx)).unwrap();
            assert_eq!(layer.with(|tables| tables.steps()), step);
        }
        // two lookups before a step would be two updates
        let batch = layer.with(|tables| tables.admit_from_lengths(&ids, &[1, 2])).unwrap();
        let both = layer.forward(&batch).unwrap() + layer.forward(&batch).unwrap();
        drop(both.sum().backward());
        let error = layer.step(0.1).unwrap_err().to_string();
        assert_eq!(error, "step: expected one gradient, for these tables, got 2");
        assert_eq!(layer.with(|tables| tables.steps()), 3);
        let pruned = PrunedTables::new(alone.pruned().unwrap(), &device.clone().autodiff()).unwrap();
        let batch = pruned.with(|tables| tables.find_from_lengths(&ids, &[1, 2])).unwrap();
        let found = layer.with(|tables| tables.find_from_lengths(&ids, &[1, 2])).unwrap();
        assert_eq!(bits(pruned.forward(&batch).unwrap()), bits(layer.valid().forward(&found).unwrap()));
    }
}

#[test]
fn cached_bags() {
    for (device, ctx) in places() {
        let make = || {
            embag::CachedBags::builder(&ctx)
                .table("t", Table::rows(40).dim(8), 8)
                .feature("f", "t", Pooling::Sum)
                .optimizer(optimizer())
                .seed(4)
                .build()
                .unwrap()
        };
        let layer = CachedBags::new(make(), &device.clone().autodiff()).unwrap();
        let mut alone = make();
        for ids in [[3u32, 30, 3], [7, 8, 39]] {
            let batch = layer.with(|bags| bags.place_from_lengths(&ids, &[1, 2], None)).unwrap();
            let own = alone.place_from_lengths(&ids, &[1, 2], None).unwrap();
            let pooled = layer.forward(&batch).unwrap();
            assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
            drop(pooled.sum().backward());
            layer.step(0.1).unwrap();
            alone.backward(&own, &ones(&ctx)).unwrap();
        }
        let rows = layer.with(|bags| bags.download("t")).unwrap();
        assert_eq!(rows, alone.download("t").unwrap());
    }
}

#[test]
fn variable_rows() {
    for (device, ctx) in places() {
        let make = || {
            embag::VariableRows::builder(&ctx)
                .rows(10, 8)
                .rows(30, 3)
                .feature("f", Pooling::Mean)
                .optimizer(optimizer())
                .seed(4)
                .build()
                .unwrap()
        };
        let layer = VariableRows::new(make(), &device.clone().autodiff()).unwrap();
        let mut alone = make();
        for ids in [[3u32, 30, 3], [7, 8, 39]] {
            let batch = layer.with(|rows| rows.find(rows.batch().bags("f", &ids, &[1, 2]))).unwrap();
            let own = alone.find(alone.batch().bags("f", &ids, &[1, 2])).unwrap();
            let pooled = layer.forward(&batch).unwrap();
            assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
            drop(pooled.sum().backward());
            layer.step(0.1).unwrap();
            alone.backward(&own, &ones(&ctx)).unwrap();
        }
        assert_eq!(layer.with(|rows| rows.download()).unwrap(), alone.download().unwrap());
    }
}

#[test]
fn quantized_bags_are_looked_up_and_do_not_train() {
    for (device, ctx) in places() {
        let make = || {
            let bags = bags(&ctx, 8, Precision::F32);
            embag::QuantizedBags::of(&bags, |_| (RowFormat::Int8, RangeSearch::MinMax)).unwrap()
        };
        let layer = QuantizedBags::new(make(), &device.clone().autodiff()).unwrap().train();
        let alone = make();
        let batch = layer.batches().batch().bags("f", &[1u32, 5, 5], &[1, 2]).build().unwrap();
        let own = alone.batch().bags("f", &[1u32, 5, 5], &[1, 2]).build().unwrap();
        let pooled = layer.forward(&batch).unwrap();
        assert!(!pooled.device().is_autodiff());
        assert_eq!(bits(pooled), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
    }
}

#[test]
fn halves_are_outputs_and_gradients() {
    for (device, ctx) in places() {
        // an odd number of columns too, where embag's own rows of halves would be padded
        for dim in [8, 5] {
            let device = device.clone().autodiff();
            let layer = EmbeddingBags::new(bags(&ctx, dim, Precision::F16), &device).unwrap();
            let mut alone = bags(&ctx, dim, Precision::F32);
            let batch = layer.batches().batch().bags("f", &[1u32, 5, 5], &[1, 2]).build().unwrap();
            let own = alone.batch().bags("f", &[1u32, 5, 5], &[1, 2]).build().unwrap();
            let pooled = layer.forward(&batch).unwrap();
            assert_eq!(pooled.dtype(), DType::F16);
            let whole = alone.forward(&own).unwrap().to_vec(&ctx).unwrap();
            let rounded: Vec<f32> = whole.iter().map(|&v| burn::tensor::f16::from_f32(v).to_f32()).collect();
            assert_eq!(bits(pooled.clone().inner()), rounded);

            let factors: Vec<f32> = (0..2 * dim).map(|k| (k % 5) as f32 * 0.5 - 1.0).collect();
            let data = TensorData::new(factors.clone(), [2, dim]);
            let factor = Tensor::<2>::from_data(data, &device).cast(FloatDType::F16);
            drop((pooled * factor).sum().backward());
            layer.step(0.1).unwrap();
            alone.backward(&own, &Matrix::from_slice(&ctx, &factors, 2, dim).unwrap()).unwrap();
            assert_eq!(layer.with(|bags| bags.download("t")).unwrap(), alone.download("t").unwrap());
        }
    }
}

#[test]
fn precisions_that_burn_does_not_have_are_an_error() {
    let (device, ctx) = opened();
    if device.supports_dtype(DType::BF16) {
        return;
    }
    let error = EmbeddingBags::new(bags(&ctx, 8, Precision::Bf16), &device).unwrap_err().to_string();
    assert!(
        error.starts_with("output precision of the tables: expected one that burn computes with"),
        "{error}"
    );
}

#[test]
fn tables_of_another_context_are_an_error() {
    let (device, ctx) = opened();
    let wrong = |tables: embag::EmbeddingBags, device: &Device| {
        let error = EmbeddingBags::new(tables, device).unwrap_err();
        assert!(matches!(error, Error::WrongContext { argument: "tables" }), "{error}");
    };
    wrong(bags(&Context::cpu(), 8, Precision::F32), &device);
    wrong(bags(&ctx, 8, Precision::F32), &Device::flex());
    if let Ok(other) = Context::open() {
        wrong(bags(&other, 8, Precision::F32), &device);
    }
}
