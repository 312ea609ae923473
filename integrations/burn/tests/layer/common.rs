//! burn's device, and what tensors hold.

use std::sync::OnceLock;

use burn::tensor::{Device, Tensor};
use embag::optim::Sgd;
use embag::{Context, Pooling, Table};

/// burn's device can be opened once in a process.
pub(crate) fn opened() -> (Device, Context) {
    static OPENED: OnceLock<(Device, Context)> = OnceLock::new();
    OPENED.get_or_init(|| embag_burn::init(Device::wgpu_options()).expect("a wgpu device")).clone()
}

/// A tensor's values, as `f32`.
pub(crate) fn bits(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap()
}

pub(crate) fn vector(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap()
}

/// Two features of one table.
pub(crate) fn sum_and_mean(ctx: &Context) -> embag::EmbeddingBags {
    embag::EmbeddingBags::builder(ctx)
        .table("t", Table::rows(20).dim(6))
        .feature("sum", "t", Pooling::Sum)
        .feature("mean", "t", Pooling::Mean)
        .optimizer(Sgd::new(0.5))
        .seed(4)
        .build()
        .unwrap()
}
