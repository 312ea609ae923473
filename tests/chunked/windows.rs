//! Lookup of chunks that lie in several bindings.

use embag::bag::{BatchBuilder, ForDirectory};
use embag::chunked::ChunkedTables;
use embag::optim::RowwiseAdagrad;
use embag::{Context, ContextOptions, Matrix, Pooling};

use crate::common;
use crate::random::Random;

const ROWS: u32 = 900;

/// The features that are sums or means.
const BAGS: [&str; 3] = ["wide", "narrow", "again"];

/// Tables whose store takes five bindings and has no slots for a quarter of the chunks.
fn tables(ctx: &Context, width: u32) -> ChunkedTables {
    let columns = width as usize;
    let mut tables = ChunkedTables::builder(ctx)
        .table("wide", ROWS as usize, 3 * columns)
        .table("narrow", ROWS as usize, columns)
        .feature("wide", "wide", Pooling::Sum)
        .feature("narrow", "narrow", Pooling::Mean)
        .feature("again", "wide", Pooling::Mean)
        .feature("largest", "wide", Pooling::Max)
        .feature("each", "narrow", Pooling::None)
        .chunk_width(width)
        .slots(3 * ROWS)
        .scale(0.5)
        .optimizer(RowwiseAdagrad::default())
        .build()
        .unwrap();
    // few at a time: a batch has to fit a binding
    for first in (0..ROWS).step_by(50) {
        let ids: Vec<u64> = (first..first + 50).map(u64::from).collect();
        let batch = tables.batch().only(&BAGS);
        let batch = BAGS.iter().fold(batch, |batch, name| batch.feature(name, &ids));
        let batch = tables.admit(batch).unwrap();
        let grad: Vec<f32> =
            (0..50 * 7 * columns).map(|i| ((i * 7919 + first as usize) % 97) as f32).collect();
        tables.backward(&batch, &Matrix::from_slice(ctx, &grad, 50, 7 * columns).unwrap()).unwrap();
    }
    tables
}

#[test]
fn every_window_gives_its_chunks() {
    for width in [16, 32] {
        // five windows of chunks, the last one smaller
        let options = ContextOptions::new().max_binding(u64::from(4 * ROWS * width * 4 / 11 * 2));
        let contexts: Vec<Context> = std::iter::once(Context::cpu_with(&options).unwrap())
            .chain(common::gpu_shapes_with(&options))
            .collect();
        let all: Vec<ChunkedTables> = common::exact(contexts).iter().map(|ctx| tables(ctx, width)).collect();
        // the lists of the last batch do not fit a binding, others do
        for examples in [1, 40, 400] {
            let mut random = Random::new(u64::from(width) + examples as u64);
            let lengths: Vec<u32> = (0..3 * examples).map(|_| random.below(6)).collect();
            let len: u32 = lengths.iter().sum();
            // some are unknown
            let ids: Vec<u64> = (0..len).map(|_| u64::from(random.below(ROWS + ROWS / 9))).collect();
            let outputs: Vec<Vec<u32>> = all
                .iter()
                .map(|tables| {
                    let mut rest = &ids[..];
                    let bags = |batch: BatchBuilder<ForDirectory>, (name, lengths): (&&str, &[u32])| {
                        let (own, later) = rest.split_at(lengths.iter().sum::<u32>() as usize);
                        rest = later;
                        batch.bags(name, own, lengths)
                    };
                    let of_features = BAGS.iter().zip(lengths.chunks(examples));
                    let batch = of_features.fold(tables.batch().only(&BAGS), bags);
                    let batch = tables.find(batch).unwrap();
                    let expected = ids.iter().filter(|&&id| id >= u64::from(ROWS)).count();
                    assert_eq!(batch.absent().unwrap(), expected as u64);
                    let out = tables.forward(&batch).unwrap().to_vec(tables.context()).unwrap();
                    out.into_iter().map(f32::to_bits).collect()
                })
                .collect();
            assert!(outputs[0].iter().any(|&bits| bits != 0));
            for (tables, output) in all.iter().zip(&outputs).skip(1) {
                let differ = output.iter().zip(&outputs[0]).position(|(a, b)| a != b);
                assert_eq!(differ, None, "{} {width} {examples}", tables.context().device_name());
            }
        }
    }
}

#[test]
fn what_is_not_summed_is_the_same_in_any_number_of_windows() {
    let width = 16;
    let options = ContextOptions::new().max_binding(u64::from(4 * ROWS * width * 4 / 11 * 2));
    let contexts =
        std::iter::once(Context::cpu_with(&options).unwrap()).chain(common::gpu_shapes_with(&options));
    let contexts = common::exact(std::iter::once(Context::cpu()).chain(contexts));
    let mut random = Random::new(3);
    let lengths: Vec<u32> = (0..2 * 30).map(|_| random.below(9)).collect();
    let (largest, each) = lengths.split_at(30);
    let [largest_ids, each_ids] = [largest, each].map(|lengths| {
        let len: u32 = lengths.iter().sum();
        (0..len).map(|_| u64::from(random.below(ROWS + ROWS / 9))).collect::<Vec<_>>()
    });
    let weights = random.floats(each_ids.len());
    let outcomes: Vec<Vec<Vec<u32>>> = contexts
        .iter()
        .map(|ctx| {
            let mut tables = tables(ctx, width);
            let mut found = Vec::new();
            for weighted in [false, true] {
                let (name, ids, lengths) = match weighted {
                    false => ("largest", &largest_ids, largest),
                    true => ("each", &each_ids, each),
                };
                let mut batch = tables.batch().only(&[name]).bags(name, ids, lengths);
                if weighted {
                    batch = batch.weights(name, &weights);
                }
                let batch = tables.find(batch).unwrap();
                let outs = tables.forward_features(&batch).unwrap();
                let out = outs[0].to_vec(ctx).unwrap();
                let grad: Vec<f32> = (0..out.len()).map(|k| (k % 31) as f32 - 15.0).collect();
                let grad = Matrix::from_slice(ctx, &grad, outs[0].rows(), outs[0].cols()).unwrap();
                if weighted {
                    let of_weights = tables.weight_grad(&batch, std::slice::from_ref(&grad)).unwrap();
                    found.push(of_weights.read::<f32>(ctx).unwrap());
                }
                tables.backward(&batch, &[grad]).unwrap();
                found.push(out);
            }
            for table in ["wide", "narrow"] {
                found.push(tables.dense(table).unwrap().values);
            }
            found.into_iter().map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
        })
        .collect();
    for (ctx, outcome) in contexts.iter().zip(&outcomes) {
        assert!(*outcome == outcomes[0], "{}", common::name_of(ctx));
    }
}

/// A software adapter ends loops of too many turns.
#[test]
fn the_longest_bag_is_summed_whole() {
    let options = ContextOptions::new().max_binding(4 << 20);
    for width in [16, 32] {
        let mut contexts = vec![Context::cpu_with(&options).unwrap()];
        contexts.extend(common::gpu_shapes_with(&options));
        let contexts = common::exact(contexts);
        let sums: Vec<Vec<u32>> = contexts
            .iter()
            .map(|ctx| {
                let mut tables = ChunkedTables::builder(ctx)
                    .table("t", 9_000, 8 * width as usize)
                    .feature("f", "t", Pooling::Sum)
                    .chunk_width(width)
                    .slots(72_000)
                    .scale(0.5)
                    .optimizer(RowwiseAdagrad::default())
                    .build()
                    .unwrap();
                for first in (0..9_000u64).step_by(3_000) {
                    let ids: Vec<u64> = (first..first + 3_000).collect();
                    tables.admit_from_lengths(&ids, &[3_000]).unwrap();
                }
                // entries of all its chunks fit a binding
                let ids: Vec<u64> = (0..30_000).map(|i| i * 7 % 9_000).collect();
                let batch = tables.find_from_lengths(&ids, &[30_000]).unwrap();
                let out = tables.forward(&batch).unwrap().to_vec(ctx).unwrap();
                out.into_iter().map(f32::to_bits).collect()
            })
            .collect();
        assert!(sums.iter().all(|sum| *sum == sums[0]), "{width}");
    }
}
