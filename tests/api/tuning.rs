//! Choices between kernels: measured, kept, pinned, and never a change of bits.

use std::time::Duration;

use embag::dense::{Activation, Linear};
use embag::optim::{RowwiseAdagrad, Sgd};
use embag::{
    Context, ContextOptions, EmbeddingBags, Error, Init, MatmulTile, Matrix, Pooling, Recorder, Shape,
    SortVariant, Table, Tuning,
};

use crate::common;

fn wide() -> Option<Context> {
    common::gpu_with(&ContextOptions::new().shape(Shape::Wide))
}

/// Every choice.
fn choices(of: Tuning) -> Vec<Tuning> {
    let mut all = Vec::new();
    for bag_workgroup in [64, 256] {
        for bag_rows in [2, 4, 8] {
            for matmul in MatmulTile::ALL {
                for sort in [SortVariant::Portable, SortVariant::Subgroup] {
                    let mut tuning = of;
                    (tuning.bag_rows, tuning.bag_workgroup) = (bag_rows, bag_workgroup);
                    (tuning.matmul, tuning.sort) = (matmul, sort);
                    all.push(tuning);
                }
            }
        }
    }
    all
}

/// Lookups of every pooling, a layer and the step of both.
fn trained(ctx: &Context) -> Vec<Vec<f32>> {
    let mut bags = EmbeddingBags::builder(ctx)
        .table("t", Table::rows(300).dim(20).init(Init::Uniform(0.1)))
        .feature("sum", "t", Pooling::Sum)
        .feature("mean", "t", Pooling::Mean)
        .feature("max", "t", Pooling::Max)
        .optimizer(RowwiseAdagrad::default())
        .seed(3)
        .build()
        .unwrap();
    let mut layer = Linear::new(ctx, 60, 130, Activation::Relu, Sgd::new(0.1), 5).unwrap();
    let ids: Vec<u32> = (0..600).map(|i| i * 7 % 300).collect();
    let lengths: Vec<u32> = (0..40).map(|bag| if bag % 2 == 0 { 29 } else { 1 }).collect();
    let batch = bags.batch();
    let batch = batch.bags("sum", &ids, &lengths).bags("mean", &ids, &lengths).bags("max", &ids, &lengths);
    let batch = batch.build().unwrap();
    let pooled = bags.forward(&batch).unwrap();
    let out = Matrix::zeros(ctx, 40, 130).unwrap();
    let grad = Matrix::from_slice(ctx, &[0.01; 40 * 130], 40, 130).unwrap();
    let back = Matrix::zeros(ctx, 40, 60).unwrap();
    let mut rec = Recorder::new(ctx);
    layer.record_forward(&mut rec, &pooled, &out).unwrap();
    layer.record_backward(&mut rec, &pooled, &out, &grad, Some(&back)).unwrap();
    layer.record_step(&mut rec).unwrap();
    rec.run().unwrap();
    bags.backward(&batch, &back).unwrap();
    let read = |matrix: &Matrix| matrix.to_vec(ctx).unwrap();
    vec![read(&pooled), read(&out), read(layer.weight()), bags.download("t").unwrap()]
}

#[test]
fn no_choice_changes_bits() {
    let Some(ctx) = wide().filter(common::is_exact) else { return };
    let expected = trained(&ctx);
    for tuning in choices(ctx.tuning()) {
        ctx.set_tuning(tuning).unwrap();
        assert_eq!(ctx.tuning(), tuning);
        assert!(trained(&ctx) == expected, "{tuning} gives other bits");
    }
}

#[test]
fn a_tuning_is_measured_kept_and_pinned() {
    let Some(ctx) = wide() else { return };
    let before = ctx.tuning();
    let tuned = ctx.tune().unwrap();
    let sorts = tuned.times.iter().filter(|(what, _)| what.starts_with("sort ")).count();
    // where there are subgroups of a fitting size
    assert!(sorts == 0 || sorts == 2, "{tuned}");
    assert_eq!(tuned.times.len(), 6 + sorts + 3, "{tuned}");
    assert!(tuned.times.iter().all(|(_, time)| (1..10_000_000_000).contains(&time.as_nanos())), "{tuned}");
    assert!(choices(before).contains(&tuned.tuning) && ctx.tuning() == tuned.tuning, "{tuned}");
    let shown = tuned.to_string();
    assert!(shown.contains("bag_rows 8, bag_workgroup 256") && shown.contains("matmul 64x64"), "{shown}");
    let text = serde_json::to_string(&tuned.tuning).unwrap();
    let kept: Tuning = serde_json::from_str(&text).unwrap();
    assert_eq!(kept, tuned.tuning, "{text}");
    let again = common::gpu_with(&ContextOptions::new().shape(Shape::Wide).tuning(kept)).unwrap();
    assert_eq!(again.tuning(), tuned.tuning);
}

#[test]
fn files_of_other_versions_are_read() {
    let old: Tuning = serde_json::from_str(r#"{"matmul": "64x64", "sort": "subgroup", "wait": 50}"#).unwrap();
    assert_eq!((old.matmul, old.wait), (MatmulTile::T64x64, Duration::from_micros(50)));
    assert_eq!(old.sort, SortVariant::Subgroup);
    assert_eq!(old.bag_rows, Tuning::default().bag_rows);
    let error = serde_json::from_str::<Tuning>(r#"{"bag_rws": 8}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `bag_rws`, expected one of `bag_rows`"), "{error}");
    let error = serde_json::from_str::<Tuning>(r#"{"matmul": "65x64"}"#).unwrap_err().to_string();
    assert!(error.contains("65x64") && error.contains("`128x128`"), "{error}");
}

#[test]
fn there_is_no_choice_without_a_real_gpu() {
    for ctx in
        [Some(Context::cpu()), common::gpu()].into_iter().flatten().filter(|ctx| ctx.shape() != Shape::Wide)
    {
        let before = ctx.tuning();
        let tuned = ctx.tune().unwrap();
        assert!(tuned.times.is_empty() && tuned.tuning == before && ctx.tuning() == before);
        assert_eq!(before.wait, Duration::ZERO, "its work needs the thread");
    }
}

#[test]
fn what_there_are_no_kernels_for_is_refused() {
    let mut tuning = Tuning::default();
    tuning.bag_rows = 3;
    let ctx = Context::cpu();
    let error = ctx.set_tuning(tuning).unwrap_err();
    assert!(matches!(&error, Error::InvalidArgument { .. }), "{error}");
    assert_eq!(error.to_string(), "bag_rows: expected one of [2, 4, 8], got 3");
    assert!(Context::cpu_with(&ContextOptions::new().tuning(tuning)).is_err());
    tuning.bag_rows = 8;
    tuning.bag_workgroup = 1024;
    let error = ctx.set_tuning(tuning).unwrap_err().to_string();
    assert_eq!(error, "bag_workgroup: expected one of [64, 256], got 1024");
    assert_eq!(ctx.tuning().bag_workgroup, 64);
}
