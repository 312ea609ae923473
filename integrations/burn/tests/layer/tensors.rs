//! Batches of tensors of ids and offsets.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use embag::{Context, Error, Matrix};
use embag_burn::EmbeddingBags;

use crate::common::{bits, opened, sum_and_mean};

fn ints(values: &[i32], device: &Device) -> Tensor<1, Int> {
    let kind = if *device == Device::flex() { DType::I64 } else { DType::I32 };
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]).convert_dtype(kind), (device, kind))
}

#[test]
fn ids_that_are_a_tensor_give_the_bits_of_ids_from_the_host() {
    let (device, ctx) = opened();
    for (device, ctx) in [(device, ctx), (Device::flex(), Context::cpu())] {
        let (layer, mut alone) =
            (EmbeddingBags::new(sum_and_mean(&ctx), &device.clone().autodiff()).unwrap(), sum_and_mean(&ctx));
        // a part of a larger tensor, whose memory burn gives to others afterwards
        let ids = ints(&[9, 3, 1, 3, 0, 19, 3, 8], &device.clone().autodiff()).narrow(0, 1, 7);
        let batch = layer.batch_from_tensors(ids, ints(&[0, 3, 3, 5, 7], &device)).unwrap();
        let taken: Vec<_> = (0..64).map(|_| ints(&[99; 8], &device)).collect();
        let own = alone.batch_from_offsets(&[3u32, 1, 3, 0, 19, 3, 8], &[0u32, 3, 3, 5, 7], None).unwrap();
        let pooled = layer.forward(&batch).unwrap();
        assert_eq!(bits(pooled.clone().inner()), alone.forward(&own).unwrap().to_vec(&ctx).unwrap());
        drop(pooled.sum().backward());
        layer.step(0.5).unwrap();
        layer.wait().unwrap();
        assert_eq!(taken.len(), 64);
        alone.backward(&own, &Matrix::from_slice(&ctx, &[1.0; 24], 2, 12).unwrap()).unwrap();
        assert_eq!(layer.with(|bags| bags.download("t")).unwrap(), alone.download("t").unwrap());
    }
}

#[test]
fn bad_ids_on_the_device_are_an_error_and_update_nothing() {
    let (device, ctx) = opened();
    for bad in [20, -1] {
        let layer = EmbeddingBags::new(sum_and_mean(&ctx), &device.clone().autodiff()).unwrap();
        let before = layer.with(|bags| bags.download("t")).unwrap();
        let ids = ints(&[3, 1, bad], &device);
        let batch = layer.batch_from_tensors(ids, ints(&[0, 1, 2, 2, 3], &device)).unwrap();
        let result = layer.forward(&batch).and_then(|pooled| {
            assert_eq!(bits(pooled.clone().inner()), [0.0; 24]);
            drop(pooled.sum().backward());
            layer.step(0.5)?;
            layer.wait()
        });
        let error = result.unwrap_err();
        assert!(
            matches!(&error, Error::IdOutOfRange { feature, example: 1, .. } if feature == "mean"),
            "{error}"
        );
        assert_eq!(layer.with(|bags| bags.download("t")).unwrap(), before);
    }
}

#[test]
fn wrong_tensors_are_errors_at_once() {
    let (device, ctx) = opened();
    let layer = EmbeddingBags::new(sum_and_mean(&ctx), &device).unwrap();
    let error = layer.batch_from_tensors(ints(&[1], &device), ints(&[0, 1], &device)).unwrap_err();
    assert_eq!(error.to_string(), "offsets: expected one more than a multiple of the 2 features, got 2");
    let flex = Device::flex();
    let error = layer.batch_from_tensors(ints(&[1], &flex), ints(&[0, 1, 1], &flex)).unwrap_err();
    assert!(
        error.to_string().starts_with("ids: expected values of i32 or u32, on a GPU, got I64"),
        "{error}"
    );
    let host = EmbeddingBags::new(sum_and_mean(&Context::cpu()), &flex).unwrap();
    let error = host.batch_from_tensors(ints(&[20], &flex), ints(&[0, 1, 1], &flex)).unwrap_err();
    assert!(matches!(error, Error::IdOutOfRange { .. }), "{error}");
}
