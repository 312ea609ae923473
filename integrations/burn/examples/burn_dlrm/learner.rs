//! The same model in burn's `Learner`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use burn::train::metric::LossMetric;
use burn::train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};

use crate::args::Args;
use crate::clicks::Clicks;
use crate::loader::{Loader, Part};
use crate::model::Dlrm;
use crate::training::optimizer;

/// Makes batches in burn's threads.
struct InThreads {
    clicks: Arc<Clicks>,
    loader: Loader,
    testing: bool,
}

impl Batcher<usize, Part> for InThreads {
    fn batch(&self, examples: Vec<usize>, _: &Device) -> Part {
        let of = if self.testing { &self.clicks.test } else { &self.clicks.train };
        self.loader.part(&self.clicks, of, &examples).expect("ids of the tables")
    }
}

impl Dlrm {
    fn output(&self, part: Part) -> ClassificationOutput {
        let logits = self.forward(part.numbers, &part.bags).expect("a lookup");
        let loss = self.loss(logits.clone(), part.labels.clone());
        ClassificationOutput::new(loss, logits.unsqueeze_dim::<2>(1), part.labels)
    }
}

impl TrainStep for Dlrm {
    type Input = Part;
    type Output = ClassificationOutput;

    fn step(&self, part: Part) -> TrainOutput<ClassificationOutput> {
        let output = self.output(part);
        TrainOutput::new(self, output.loss.backward(), output)
    }

    // the trait's own steps burn's parameters only
    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        self.bags.step(lr.base()).expect("an update of the tables");
        optimizer.step(lr, self, gradients)
    }
}

impl InferenceStep for Dlrm {
    type Input = Part;
    type Output = ClassificationOutput;

    fn step(&self, part: Part) -> ClassificationOutput {
        self.output(part)
    }
}

/// The trained model; burn's logs and its records go to a folder.
pub(crate) fn train(
    args: &Args,
    model: Dlrm,
    clicks: &Arc<Clicks>,
    loader: &Loader,
    folder: &Path,
) -> Result<Dlrm, Box<dyn Error>> {
    let data = |testing: bool| {
        let of = if testing { &clicks.test } else { &clicks.train };
        let batcher = InThreads { clicks: clicks.clone(), loader: loader.clone(), testing };
        DataLoaderBuilder::new(batcher)
            .batch_size(args.batch as usize)
            .shuffle(args.seed)
            .num_workers(1)
            .build(InMemDataset::new((0..of.len()).collect()))
    };
    let training = SupervisedTraining::new(folder, data(false), data(true))
        .metric_train_numeric(LossMetric::new())
        .metric_valid_numeric(LossMetric::new())
        .num_epochs(args.epochs as usize)
        .summary();
    let result = training.launch(Learner::new(model, optimizer(args), ConstantLr::new(args.lr)));
    match result.error {
        Some(error) => Err(error.to_string().into()),
        None => Ok(result.model),
    }
}
