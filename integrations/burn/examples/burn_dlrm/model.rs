//! A DLRM (Naumov et al., 2019): embeddings and a layer over the numbers, their dot products, and layers over
//! those.

use burn::module::Module;
use burn::nn::loss::{BinaryCrossEntropyLoss, BinaryCrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, activation};

use crate::args::Args;
use crate::bags::{Bags, Batch};
use crate::clicks::Clicks;

#[derive(Module, Debug)]
pub(crate) struct Dlrm {
    pub(crate) bags: Bags,
    bottom: Vec<Linear>,
    top: Vec<Linear>,
    loss: BinaryCrossEntropyLoss,
    #[module(skip)]
    dim: usize,
}

/// Layers of these widths.
fn layers(widths: &[usize], device: &Device) -> Vec<Linear> {
    widths.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect()
}

fn apply(layers: &[Linear], mut x: Tensor<2>) -> Tensor<2> {
    for (k, layer) in layers.iter().enumerate() {
        x = layer.forward(x);
        if k + 1 < layers.len() {
            x = activation::relu(x);
        }
    }
    x
}

impl Dlrm {
    pub(crate) fn new(bags: Bags, clicks: &Clicks, args: &Args, device: &Device) -> Self {
        device.seed(args.seed);
        let dim = args.dim as usize;
        let vectors = clicks.features.len() + 1;
        let pairs = vectors * (vectors - 1) / 2;
        Self {
            bags,
            bottom: layers(&[clicks.numbers, 64, dim], device),
            top: layers(&[dim + pairs, 64, 32, 1], device),
            loss: BinaryCrossEntropyLossConfig::new().with_logits(true).init(device),
            dim,
        }
    }

    /// A logit for each example.
    pub(crate) fn forward(&self, numbers: Tensor<2>, batch: &Batch) -> embag::Result<Tensor<1>> {
        let [examples, _] = numbers.dims();
        let bottom = activation::relu(apply(&self.bottom, numbers));
        let pooled = self.bags.forward(batch)?;
        let vectors =
            Tensor::cat(vec![bottom.clone(), pooled], 1).reshape([examples as i32, -1, self.dim as i32]);
        let [_, count, _] = vectors.dims();
        let products = vectors.clone().matmul(vectors.transpose()); // [examples, count, count]
        // of each pair once
        let pairs: Vec<i32> = (0..count).flat_map(|i| (0..i).map(move |j| (i * count + j) as i32)).collect();
        let pairs = Tensor::<1, Int>::from_ints(&pairs[..], &products.device());
        let products = products.reshape([examples, count * count]).select(1, pairs);
        let x = Tensor::cat(vec![bottom, products], 1);
        Ok(apply(&self.top, x).squeeze_dim::<1>(1))
    }

    pub(crate) fn loss(&self, logits: Tensor<1>, labels: Tensor<1, Int>) -> Tensor<1> {
        self.loss.forward(logits, labels)
    }
}
