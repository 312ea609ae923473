//! Max pooling, variable batches and other layouts of ids.

use embag::optim::{RowwiseAdagrad, Sgd};
use embag::{Context, ContextOptions, DeviceBatch, EmbeddingBags, Matrix, Pooling, Recorder, Table};

use crate::common;
use crate::random::Random;

fn devices(options: &ContextOptions) -> Vec<Context> {
    let cpu = Context::cpu_with(options).unwrap();
    std::iter::once(cpu).chain(common::gpu_shapes_with(options)).collect()
}

fn limits(binding: u64) -> ContextOptions {
    ContextOptions::new().max_binding(binding).max_buffer(binding.max(1 << 16))
}

/// Values of which many are equal.
fn coarse(len: usize, seed: u64) -> Vec<f32> {
    Random::new(seed).floats(len).into_iter().map(|value| (value * 3.0).round()).collect()
}

/// Two maxima over one table and a mean; the pooled outputs, and the table after a step.
fn step(
    ctx: &Context,
    rows: u32,
    dim: usize,
    ids: &[Vec<Vec<u32>>; 3],
    grad: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let mut bags = EmbeddingBags::builder(ctx)
        .table("t", Table::rows(rows as usize).dim(dim))
        .feature("a", "t", Pooling::Max)
        .feature("b", "t", Pooling::Mean)
        .feature("c", "t", Pooling::Max)
        .padding(1)
        .optimizer(Sgd { lr: -1.0, ..Default::default() })
        .build()
        .unwrap();
    bags.upload("t", &coarse(rows as usize * dim, 3)).unwrap();
    let [a, b, c] = ids.clone();
    let batch = bags.batch().lists("a", a).lists("b", b).lists("c", c).build().unwrap();
    let out = bags.forward(&batch).unwrap().to_vec(ctx).unwrap();
    let grad = Matrix::from_slice(ctx, grad, ids[0].len(), 3 * dim).unwrap();
    bags.backward(&batch, &grad).unwrap();
    (out, bags.download("t").unwrap())
}

#[test]
fn maxima_over_windows_and_devices() {
    let (rows, dim, examples) = (400, 6, 40);
    let mut random = Random::new(1);
    let ids = [(); 3].map(|()| -> Vec<Vec<u32>> {
        (0..examples).map(|_| (0..random.below(6)).map(|_| random.below(rows)).collect()).collect()
    });
    let grad = coarse(examples * 3 * dim, 9);
    let (out, table) = step(&Context::cpu(), rows, dim, &ids, &grad);

    // by hand, in whole numbers: all sums are exact but the means, which are left out by comparing maxima
    // only
    let weights = coarse(rows as usize * dim, 3);
    for (b, (a, c)) in ids[0].iter().zip(&ids[2]).enumerate() {
        for (bag, first) in [(a, 0), (c, 2 * dim)] {
            let kept: Vec<u32> = bag.iter().copied().filter(|&id| first == 0 || id != 1).collect();
            for column in 0..dim {
                let values = kept.iter().map(|&id| weights[id as usize * dim + column]);
                let expected = values.fold(f32::NEG_INFINITY, f32::max);
                let expected = if kept.is_empty() { 0.0 } else { expected };
                assert_eq!(out[b * 3 * dim + first + column], expected, "example {b} column {column}");
            }
        }
    }

    for binding in [1 << 20, 6144] {
        for ctx in devices(&limits(binding)) {
            let (again, updated) = step(&ctx, rows, dim, &ids, &grad);
            let what = format!("{} with {binding}", common::name_of(&ctx));
            for (row, (found, expected)) in again.chunks(3 * dim).zip(out.chunks(3 * dim)).enumerate() {
                assert_eq!(found[..dim], expected[..dim], "{what} row {row}");
                assert_eq!(found[2 * dim..], expected[2 * dim..], "{what} row {row}");
            }
            common::assert_agrees(&ctx, &what, &updated, &table);
        }
    }
}

#[test]
fn the_gradient_of_a_maximum_goes_to_one_row_a_column() {
    for ctx in devices(&limits(1 << 20)) {
        let (_, table) = step(&ctx, 4, 2, &[vec![vec![0, 2, 3]], vec![vec![]], vec![vec![1, 1]]], &[1.0; 6]);
        let before = coarse(8, 3);
        let moved: Vec<f32> = table.iter().zip(&before).map(|(new, old)| new - old).collect();
        // feature c holds only its padding id
        assert_eq!(moved.iter().sum::<f32>(), 2.0);
        assert!(moved.iter().all(|&value| value == 0.0 || value == 1.0), "{moved:?}");
    }
}

#[test]
fn maxima_have_no_weights() {
    let ctx = Context::cpu();
    let bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(4).dim(2))
        .feature("f", "t", Pooling::Max)
        .build()
        .unwrap();
    let error = bags.batch().feature("f", &[1u32]).weights("f", &[2.0]).build().unwrap_err();
    assert_eq!(error.to_string(), "weights of feature \"f\": expected none, for a maximum, got some");
    let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
    let grad = Matrix::zeros(&ctx, 1, 2).unwrap();
    let error = bags.weight_grad(&batch, &grad).unwrap_err();
    assert_eq!(
        error.to_string(),
        "feature \"f\": expected a sum or mean, for a gradient of weights, got a maximum"
    );
}

fn three(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(50).dim(4))
        .table("u", Table::rows(20).dim(3))
        .feature("a", "t", Pooling::Sum)
        .feature("b", "u", Pooling::Max)
        .feature("c", "t", Pooling::Mean)
        .optimizer(RowwiseAdagrad { lr: 0.1, ..Default::default() })
        .build()
        .unwrap()
}

#[test]
fn variable_batches_from_host_and_device() {
    let (values, lengths) = ([3u32, 4, 7, 9, 1, 2, 3], [1u32, 1, 0, 2, 1, 1, 0, 1]);
    let examples = [3, 1, 4];
    for ctx in devices(&limits(1 << 20)) {
        let mut host = three(&ctx);
        let batch = host
            .batch()
            .variable()
            .bags("a", &values[..2], &lengths[..3])
            .bags("b", &values[2..4], &lengths[3..4])
            .bags("c", &values[4..], &lengths[4..])
            .build()
            .unwrap();
        assert!(batch.is_variable());
        assert_eq!((batch.len(), batch.examples_of("b").unwrap()), (4, 1));
        let outs = host.forward_features(&batch).unwrap();
        assert_eq!(outs.iter().map(|out| out.rows()).collect::<Vec<_>>(), examples);
        host.backward(&batch, &outs).unwrap();

        let mut device = three(&ctx);
        let mut rec = Recorder::new(&ctx);
        let given = DeviceBatch::from_lengths(
            4,
            embag::Buffer::from_slice(&ctx, &values).unwrap(),
            embag::Buffer::from_slice(&ctx, &lengths).unwrap(),
        )
        .counts(vec![2, 2, 3])
        .examples(examples.to_vec());
        let batch = device.batch_from_device(&mut rec, given.clone()).unwrap();
        device.record_forward(&mut rec, &batch, &outs).unwrap();
        device.record_backward(&mut rec, &batch, &outs).unwrap();
        rec.run().unwrap();
        for table in ["t", "u"] {
            assert_eq!(device.download(table).unwrap(), host.download(table).unwrap());
        }

        let error = device.forward(&batch).unwrap_err().to_string();
        assert!(error.starts_with("batch: expected one number of examples for all features"), "{error}");
        let mut rec = Recorder::new(&ctx);
        let short = common::with(given.clone(), |given| given.examples = Some(vec![3, 1]));
        assert_eq!(
            device.batch_from_device(&mut rec, short).unwrap_err().to_string(),
            "examples: expected 3 numbers of at most 4, got 2 numbers of at most 3"
        );
        let offsets = common::with(given, |given| given.lengths = false);
        assert_eq!(
            device.batch_from_device(&mut rec, offsets).unwrap_err().to_string(),
            "bags: expected lengths, for a variable batch, got offsets"
        );
        let error = host.batch_from_variable_lengths(&values, &lengths, &[3, 1], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "examples: expected 3 numbers whose sum is 8, the number of lengths, got 2 numbers whose sum is 4"
        );
        // without asking for it, different numbers are a mistake
        let plain = host.batch().feature("a", &[1u32, 2]).feature("b", &[1u32]).feature("c", &[1u32, 2]);
        assert_eq!(
            plain.build().unwrap_err().to_string(),
            "feature \"b\": expected 2 examples, as in the first feature, got 1"
        );
    }
}

#[test]
fn starts_and_rows_of_ids() {
    let ctx = Context::cpu();
    let bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(9).dim(4))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    let ids = [1u32, 2, 3, 4, 5, 6];
    let out = |batch| bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
    let expected = out(bags.batch().offsets("f", &ids, &[0, 2, 4, 6]).build().unwrap());
    assert_eq!(out(bags.batch().starts("f", &ids, &[0, 2, 4]).build().unwrap()), expected);
    assert_eq!(out(bags.batch().rows("f", &ids, 2).build().unwrap()), expected);
    let error = bags.batch().rows("f", &ids, 4).build().unwrap_err();
    assert_eq!(error.to_string(), "ids of feature \"f\": expected whole rows of 4, got 6");
}
