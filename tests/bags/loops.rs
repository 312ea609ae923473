//! Loops of many iterations: Mesa's software rasteriser ends all loops of a thread without a word after
//! 65,535 iterations, so that no thread may need more. Long bags, hot rows and large refused batches must be
//! right or refused.

use approx::abs_diff_eq;
use embag::Shape;
use embag::dense::{Activation, DenseOptimizer, Linear};
use embag::optim::{Adagrad, Optimizer, RowwiseAdagrad, Sgd, WeightDecay};
use embag::{Buffer, Context, DeviceBatch, EmbeddingBags, Init, Matrix, Pooling, Recorder, Table};

use crate::common;
use crate::model::{Lists, Model, feature};
use crate::random;

const SGD: DenseOptimizer = DenseOptimizer::Sgd(Sgd { lr: 0.1, weight_decay: WeightDecay::None });

#[track_caller]
fn check(what: &str, model: &Model, lists: &Lists) {
    let (weights, grads) = (model.weights(1), model.grads(lists, 1));
    let cpu = model.step(&Context::cpu(), &weights, lists, &grads);
    for gpu in common::gpu_shapes() {
        let step = model.step(gpu, &weights, lists, &grads);
        step.assert_agrees(gpu, what, &cpu);
    }
}

#[test]
fn long_bags() {
    for (examples, ids, dim) in
        [(64, 4200, 64), (1, 17_000, 64), (100, 32_000, 64), (1, 32_000, 4), (2, 9000, 1024)]
    {
        let model = Model::new(&[(300, dim)], &[feature(0, Pooling::Sum), feature(0, Pooling::Mean)]);
        let mut lists = Lists { examples, ids: vec![vec![vec![]; examples]; 2], weights: None };
        for feature in &mut lists.ids {
            feature[examples / 2] = (0..ids).map(|i| i * 7 % 300).collect();
        }
        check(&format!("a bag of {ids} ids, dim {dim}"), &model, &lists);
    }
}

#[test]
fn hot_rows() {
    let optimizers: [Optimizer; 3] =
        [Sgd::default().into(), Adagrad::default().into(), RowwiseAdagrad::default().into()];
    for (examples, dim) in [(7500, 64), (30_000, 65), (70_000, 4), (300_000, 4), (2000, 1030)] {
        for optimizer in optimizers {
            let model = Model::new(&[(9, dim)], &[feature(0, Pooling::Sum)]).optimizer(optimizer);
            let mut lists = Lists { examples, ids: vec![vec![vec![5]; examples]], weights: None };
            for b in (0..examples).step_by(1000) {
                lists.ids[0][b] = vec![3];
            }
            check(&format!("{examples} ids of one row, dim {dim}"), &model, &lists);
        }
    }
}

/// A layer's gradients of weight and bias, which are sums over the batch.
fn layer_gradients(ctx: &Context, rows: usize) -> [Vec<f32>; 2] {
    let (inputs, outputs) = (5, 4);
    let layer = Linear::new(ctx, inputs, outputs, Activation::Relu, SGD, 3).unwrap();
    let mut random = random::Random::new(4);
    let mut matrix = |cols: usize| Matrix::from_slice(ctx, &random.floats(rows * cols), rows, cols).unwrap();
    let (x, y, dy) = (matrix(inputs), matrix(outputs), matrix(outputs));
    let mut rec = Recorder::new(ctx);
    layer.record_forward(&mut rec, &x, &y).unwrap();
    layer.record_backward(&mut rec, &x, &y, &dy, None).unwrap();
    rec.run().unwrap();
    [layer.weight_grad().to_vec(ctx).unwrap(), layer.bias_grad().to_vec(ctx).unwrap()]
}

#[test]
fn layers_over_many_examples() {
    for rows in [70_000, 300_000] {
        let expected = layer_gradients(&Context::cpu(), rows);
        for ctx in common::gpu_shapes() {
            for (found, expected) in layer_gradients(ctx, rows).iter().zip(&expected) {
                for (found, expected) in found.iter().zip(expected) {
                    let what = format!("{rows} rows on {}: {found} is not {expected}", common::name_of(ctx));
                    // 1e-5 of the sum of all terms' sizes, about a quarter each
                    assert!(abs_diff_eq!(found, expected, epsilon = 1e-5 * 0.25 * rows as f32), "{what}");
                }
            }
        }
    }
}

#[test]
fn too_many_for_a_software_adapter_is_an_error() {
    // with the kernels for software adapters a real GPU would be busy for minutes
    let gpus =
        common::gpu_shapes().iter().filter(|ctx| common::is_software(ctx) || ctx.shape() == Shape::Wide);
    for ctx in std::iter::once(&Context::cpu()).chain(gpus) {
        let software = common::is_software(ctx);
        let mut bags = EmbeddingBags::builder(ctx)
            .table("t", Table::rows(3).dim(256).init(Init::Constant(1.0)))
            .feature("f", "t", Pooling::Sum)
            .feature("g", "t", Pooling::Sum)
            .optimizer(RowwiseAdagrad::default())
            .build()
            .unwrap();
        // a bag
        let lists = || bags.batch().lists("f", [vec![1u32; 3], vec![1]]);
        let result = lists().lists("g", [vec![1u32; 2], vec![0u32; 40_000]]).build();
        assert_eq!(result.is_err(), software);
        if let Err(error) = result {
            assert_eq!(
                error.to_string(),
                "feature \"g\", example 1: expected at most 32250 ids in a bag on a software adapter, got 40000"
            );
        }
        // a bag of a device batch
        let mut rec = Recorder::new(ctx);
        let given = DeviceBatch::from_offsets(
            1,
            Buffer::from_slice(ctx, &vec![1u32; 40_002]).unwrap(),
            Buffer::from_slice(ctx, &[0u32, 2, 40_002]).unwrap(),
        );
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        let result = rec.run();
        assert_eq!(result.is_err(), software);
        if let Err(error) = result {
            assert_eq!(
                error.to_string(),
                "offsets[2]: expected at most 32250 ids in a bag on a software adapter, got 40002"
            );
            let grad = Matrix::zeros(ctx, 1, 512).unwrap();
            assert!(bags.backward(&batch, &grad).is_err());
            assert_eq!(bags.download("t").unwrap(), [1.0; 768]);
        }
        // a wide row's occurrences: the batch says how many there may be
        let mut bags = EmbeddingBags::builder(ctx)
            .table("t", Table::rows(3).dim(8192).init(Init::Constant(1.0)))
            .feature("f", "t", Pooling::Sum)
            .feature("g", "t", Pooling::Sum)
            .optimizer(RowwiseAdagrad::default())
            .build()
            .unwrap();
        let ids = vec![1u32; 200_000];
        let lengths = vec![2_000; 200];
        let values = [ids.clone(), ids].concat();
        let batch = bags.batch_from_lengths(&values, &lengths, None).unwrap();
        let result = bags.backward(&batch, &Matrix::zeros(ctx, 100, 2 * 8192).unwrap());
        assert_eq!(result.is_err(), software);
        if let Err(error) = result {
            assert_eq!(
                error.to_string(),
                "batch: expected fewer ids: all of one row would be too many for a software adapter, got 400000"
            );
        }
        assert_eq!(bags.download("t").unwrap(), [1.0; 3 * 8192]);
    }
}

#[test]
fn a_large_refused_batch_leaves_no_stale_keys() {
    // scratch memory holds the keys of a good batch before; the bad one must overwrite every one of them
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        let mut bags = EmbeddingBags::builder(ctx)
            .table("t", Table::rows(50).dim(4).init(Init::Zero))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd { lr: 1.0, ..Default::default() })
            .build()
            .unwrap();
        let count = 200_000;
        let ids: Vec<u32> = (0..count).map(|i| i % 50).collect();
        let batch = bags.batch_from_lengths(&ids, &[20_000; 10], None).unwrap();
        bags.backward(&batch, &Matrix::from_slice(ctx, &[1.0; 40], 10, 4).unwrap()).unwrap();
        let before = bags.download("t").unwrap();
        assert!(before.iter().all(|&value| value == -4000.0));

        let mut bad = ids;
        bad[7] = 50;
        let mut rec = Recorder::new(ctx);
        let given = DeviceBatch::from_offsets(
            1,
            Buffer::from_slice(ctx, &bad).unwrap(),
            Buffer::from_slice(ctx, &[0, count]).unwrap(),
        );
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        bags.record_backward(&mut rec, &batch, &Matrix::from_slice(ctx, &[1.0; 4], 1, 4).unwrap()).unwrap();
        rec.run().unwrap_err();
        assert_eq!(bags.download("t").unwrap(), before, "{}", common::name_of(ctx));
    }
}
