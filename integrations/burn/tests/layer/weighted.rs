//! Per-sample weights that are a tensor.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use embag::optim::Sgd;
use embag::{Buffer, Context, Matrix, Pooling, Recorder, Table};
use embag_burn::{EmbeddingBags, Tables, Weighable};

use crate::common::{bits, opened, sum_and_mean, vector};

const IDS: [u32; 7] = [3, 1, 3, 0, 19, 3, 8];
const LENGTHS: [u32; 4] = [3, 0, 2, 2];
const WEIGHTS: [f32; 7] = [0.5, -1.25, 2.0, 0.75, 3.0, 0.0, 1.5];

/// What the outputs are multiplied with, and so their gradient.
fn factors() -> Vec<f32> {
    (0..2 * 12).map(|k| (k % 7) as f32 * 0.5 - 1.25).collect()
}

#[test]
fn outputs_rows_and_the_weights_gradient_have_embags_bits() {
    let (device, ctx) = opened();
    for device in [device.clone().autodiff(), device.autodiff().gradient_checkpointing()] {
        let (layer, mut alone) =
            (EmbeddingBags::new(sum_and_mean(&ctx), &device).unwrap(), sum_and_mean(&ctx));
        let batch = layer.batches().batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
        let own = alone.batch_from_lengths(&IDS, &LENGTHS, Some(&WEIGHTS)).unwrap();
        // the weights are computed, and begin at an odd place of a larger tensor
        let source: Vec<f32> = [9.0].into_iter().chain(WEIGHTS.map(|weight| weight / 2.0)).collect();
        let source = Tensor::<1>::from_data(TensorData::new(source, [8]), &device).require_grad();
        let weights = source.clone().narrow(0, 1, 7) * 2.0;
        let pooled = layer.forward_weighted(&batch, weights).unwrap();
        assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());

        let loss = (pooled * Tensor::from_data(TensorData::new(factors(), [2, 12]), &device)).sum();
        let gradients = loss.backward();
        let grad = Matrix::from_slice(&ctx, &factors(), 2, 12).unwrap();
        let of_weights: Vec<f32> = alone.weight_grad(&own, &grad).unwrap().read(&ctx).unwrap();
        let of_source = vector(source.grad(&gradients).unwrap());
        assert_eq!(of_source[1..], of_weights.iter().map(|g| g * 2.0).collect::<Vec<f32>>());
        assert_eq!(of_source[0], 0.0);

        layer.step(0.5).unwrap();
        alone.backward(&own, &grad).unwrap();
        assert_eq!(layer.with(|bags| bags.download("t")).unwrap(), alone.download("t").unwrap());
    }
}

#[test]
fn weights_that_are_constants_or_halves_are_taken() {
    let (device, ctx) = opened();
    let alone = sum_and_mean(&ctx);
    let own = alone.batch_from_lengths(&IDS, &LENGTHS, Some(&WEIGHTS)).unwrap();
    let expected = alone.forward(&own).unwrap().to_vec(&ctx).unwrap();
    let layer = EmbeddingBags::new(sum_and_mean(&ctx), &device.clone().autodiff()).unwrap();
    let batch = layer.batches().batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
    let weights = Tensor::<1>::from_data(TensorData::new(WEIGHTS.to_vec(), [7]), &device);
    let constant = layer.forward_weighted(&batch, weights.clone()).unwrap();
    assert!(constant.device().is_autodiff());
    assert_eq!(bits(constant.inner()), expected);
    let halves = weights.cast(DType::F16);
    assert_eq!(bits(layer.forward_weighted(&batch, halves).unwrap().inner()), expected);
}

#[test]
fn wrong_weights_and_steps_in_between_are_errors() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let layer = EmbeddingBags::new(sum_and_mean(&ctx), &device).unwrap().accumulate(2);
    let batch = layer.batches().batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
    let error = layer.forward_weighted(&batch, Tensor::ones([6], &device)).unwrap_err().to_string();
    assert_eq!(error, "weights: expected 7 values, one for each id, got 6");
    let other = Tensor::ones([7], &device.clone().gradient_checkpointing());
    let error = layer.forward_weighted(&batch, other).unwrap_err().to_string();
    assert!(error.starts_with("weights: expected a tensor of the tables' device"), "{error}");
    assert!(error.contains("Balanced"), "{error}");

    let weights = Tensor::<1>::ones([7], &device).require_grad();
    let first = layer.forward_weighted(&batch, weights.clone()).unwrap();
    let second = layer.forward_weighted(&batch, weights).unwrap();
    drop(first.sum().backward());
    layer.step(0.5).unwrap();
    drop(second.sum().backward());
    let error = layer.step(0.5).unwrap_err().to_string();
    assert_eq!(
        error,
        "backward: expected the rows of step 0, by which weights get their gradient, got those of step 1: `step` \
         came in between"
    );
    assert_eq!(layer.with(|bags| bags.steps()), 1);
    // the error is told once
    layer.step(0.5).unwrap();
}

#[test]
fn a_batch_may_outlive_the_tensor_of_its_weights() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let (layer, mut alone) = (EmbeddingBags::new(sum_and_mean(&ctx), &device).unwrap(), sum_and_mean(&ctx));
    let batch = layer.batches().batch_from_lengths(&IDS, &LENGTHS, None).unwrap();
    let weights = Tensor::<1>::from_data(TensorData::new(WEIGHTS.to_vec(), [7]), &device);
    let pooled = layer.forward_weighted(&batch, weights).unwrap();
    // memory that burn believes to be free would be taken by these
    let taken: Vec<Tensor<1>> = (0..64).map(|_| Tensor::full([7], 77.0, &device)).collect();
    let loss = (pooled * Tensor::from_data(TensorData::new(factors(), [2, 12]), &device)).sum();
    drop(loss.backward());
    layer.step(0.5).unwrap();
    assert_eq!(taken.len(), 64);
    let weights = Buffer::from_slice(&ctx, &WEIGHTS).unwrap();
    let own = alone.batch_from_lengths(&IDS, &LENGTHS, None).unwrap().with_weights(weights).unwrap();
    alone.backward(&own, &Matrix::from_slice(&ctx, &factors(), 2, 12).unwrap()).unwrap();
    assert_eq!(layer.with(|bags| bags.download("t")).unwrap(), alone.download("t").unwrap());
}

/// A step with weights that get a gradient, by tables of any kind.
fn check_weighted<T: Weighable>(make: impl Fn() -> T, device: &Device) {
    let (layer, mut alone) = (Tables::new(make(), device).unwrap(), make());
    let (ids, lengths, given) = ([7u64, 3, 9], [2u32, 1], [0.5f32, 2.0, -1.25]);
    let batch = layer.with(|tables| tables.admit(&ids, &lengths, None)).unwrap();
    let own = alone.admit(&ids, &lengths, Some(&given)).unwrap();
    let weights = Tensor::<1>::from_data(TensorData::new(given.to_vec(), [3]), device).require_grad();
    let pooled = layer.forward_weighted(&batch, weights.clone()).unwrap();
    let ctx = alone.context().clone();
    let expected = alone.pooled(&own).unwrap();
    assert_eq!(bits(pooled.clone().inner()), expected.to_vec(&ctx).unwrap());
    let gradients = pooled.sum().backward();
    let ones = vec![1.0; expected.rows() * expected.cols()];
    let ones = Matrix::from_slice(&ctx, &ones, expected.rows(), expected.cols()).unwrap();
    let of_weights = ctx.allocate("weights", 12).unwrap();
    let mut rec = Recorder::new(&ctx);
    alone.record_weight_grad(&mut rec, &own, &ones, &of_weights).unwrap();
    alone.record_backward(&mut rec, &own, &ones).unwrap();
    rec.run().unwrap();
    assert_eq!(vector(weights.grad(&gradients).unwrap()), of_weights.read::<f32>(&ctx).unwrap());
    layer.step(0.1).unwrap();
    let again = alone.find(&ids, &lengths, None).unwrap();
    let expected = alone.pooled(&again).unwrap().to_vec(&ctx).unwrap();
    let again = layer.with(|tables| tables.find(&ids, &lengths, None)).unwrap();
    assert_eq!(bits(layer.valid().forward(&again).unwrap()), expected);
}

#[test]
fn weights_of_every_kind_that_trains() {
    let (device, ctx) = opened();
    for (device, ctx) in [(device.autodiff(), ctx), (Device::flex().autodiff(), Context::cpu())] {
        let sgd = Sgd::new(0.1);
        let cached = || {
            let builder = embag::CachedBags::builder(&ctx).table("t", Table::rows(40).dim(8), 8);
            builder.feature("f", "t", Pooling::Sum).optimizer(sgd).seed(4).build().unwrap()
        };
        check_weighted(cached, &device);
        let chunked = || {
            let builder = embag::ChunkedTables::builder(&ctx).table("t", 50, 8).chunk_width(4).slots(60);
            builder.feature("f", "t", Pooling::Mean).optimizer(sgd).seed(4).build().unwrap()
        };
        check_weighted(chunked, &device);
        let variable = || {
            let builder = embag::VariableRows::builder(&ctx).rows(5, 8).rows(30, 3);
            builder.optimizer(sgd).seed(4).build().unwrap()
        };
        check_weighted(variable, &device);
    }
}
