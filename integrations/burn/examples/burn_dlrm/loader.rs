//! Examples as tensors and batches.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use embag::bag::Batches;

use crate::bags::{Bags, Batch};
use crate::clicks::{self, Clicks, Examples};

/// Makes batches for the embeddings that a model has; needs nothing else of it, and so may work in other
/// threads.
#[derive(Clone)]
pub(crate) struct Loader {
    /// If they are embag's.
    batches: Option<Batches>,
    device: Device,
}

/// Examples of a step.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) numbers: Tensor<2>,
    pub(crate) bags: Batch,
    pub(crate) labels: Tensor<1, Int>,
}

impl Loader {
    pub(crate) fn new(bags: &Bags, device: &Device) -> Self {
        let batches = match bags {
            Bags::Embag(bags) => Some(bags.batches()),
            Bags::Burn(_) => None,
        };
        Self { batches, device: device.clone() }
    }

    pub(crate) fn part(&self, clicks: &Clicks, of: &Examples, examples: &[usize]) -> embag::Result<Part> {
        let device = &self.device;
        let values = of.numbers_of(examples, clicks.numbers);
        let labels: Vec<i32> = examples.iter().map(|&example| of.labels[example] as i32).collect();
        let bags = match &self.batches {
            Some(batches) => {
                let mut batch = batches.batch();
                for (feature, bags) in clicks.features.iter().zip(&of.bags) {
                    let (ids, lengths) = bags.of(examples);
                    batch = batch.bags(&feature.name, &ids, &lengths);
                }
                Batch::Embag(batch.build()?)
            }
            None => Batch::Burn(of.bags.iter().map(|bags| self.padded(bags, examples)).collect()),
        };
        Ok(Part {
            numbers: Tensor::from_data(TensorData::new(values, [examples.len(), clicks.numbers]), device),
            bags,
            labels: Tensor::from_data(TensorData::new(labels, [examples.len()]), (device, DType::I32)),
        })
    }

    /// As many ids for each example, the last of which are none of its own.
    fn padded(&self, bags: &clicks::Bags, examples: &[usize]) -> (Tensor<2, Int>, Tensor<3>) {
        let (ids, lengths) = bags.of(examples);
        let longest = lengths.iter().copied().max().unwrap_or(0).max(1) as usize;
        let mut rows = vec![0i32; lengths.len() * longest];
        let mut there = vec![0f32; lengths.len() * longest];
        let mut ids = ids.iter();
        for (k, &length) in lengths.iter().enumerate() {
            for (at, &id) in (k * longest..).zip(ids.by_ref().take(length as usize)) {
                rows[at] = id as i32;
                there[at] = 1.0;
            }
        }
        let rows = TensorData::new(rows, [lengths.len(), longest]);
        let there = TensorData::new(there, [lengths.len(), longest, 1]);
        (Tensor::from_data(rows, (&self.device, DType::I32)), Tensor::from_data(there, &self.device))
    }
}
