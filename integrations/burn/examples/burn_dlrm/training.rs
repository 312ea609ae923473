//! The loop.

use std::error::Error;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdaGradConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use embag::metrics::{auc, log_loss_from_logits};
use serde::Serialize;

use crate::args::{Args, Rule};
use crate::bags::{Bags, EPSILON};
use crate::clicks::{Clicks, Examples};
use crate::loader::Loader;
use crate::model::Dlrm;
use crate::peak::peak_bytes;

/// Steps between two lines about the loss.
const LINE: u32 = 20;

#[derive(Serialize)]
pub(crate) struct Outcome {
    /// Mean log loss of the test.
    pub(crate) loss: f64,
    pub(crate) auc: f64,
    /// Losses of the first step and every 20th.
    pub(crate) losses: Vec<f32>,
    /// Of training, without the first step, in which kernels are compiled.
    pub(crate) seconds: f64,
    pub(crate) examples_per_second: f64,
    /// The most memory that the process had at once, where the system tells it.
    pub(crate) peak_bytes: Option<u64>,
}

/// Of burn's own parameters.
pub(crate) fn optimizer(args: &Args) -> ModuleOptimizer {
    match args.optimizer {
        Rule::Sgd => SgdConfig::new().init(),
        Rule::Adagrad => AdaGradConfig::new().with_epsilon(EPSILON).init(),
    }
}

pub(crate) fn train(
    args: &Args,
    mut model: Dlrm,
    clicks: &Clicks,
    loader: &Loader,
) -> Result<Outcome, Box<dyn Error>> {
    let mut optimizer = optimizer(args);
    let most = args.steps.map_or(usize::MAX, |steps| steps as usize);
    let (mut losses, mut seen, mut start) = (Vec::new(), 0, Instant::now());
    let steps = (0..args.epochs).flat_map(|_| parts(&clicks.train, args.batch)).take(most);
    for (step, examples) in (1..).zip(steps) {
        let part = loader.part(clicks, &clicks.train, &examples)?;
        let loss = model.loss(model.forward(part.numbers, &part.bags)?, part.labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model.bags.step(args.lr)?;
        model = optimizer.step(args.lr, model, gradients);
        if step == 1 || step % LINE == 0 {
            let loss = loss.into_scalar::<f32>();
            losses.push(loss);
            eprintln!("step {step}: loss {loss:.5}");
        }
        match step {
            // kernels were compiled
            1 => start = Instant::now(),
            _ => seen += examples.len(),
        }
    }
    if let Bags::Embag(bags) = &model.bags {
        bags.wait()?;
    }
    model.devices().iter().try_for_each(|device| device.sync()).map_err(|error| format!("{error:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let (loss, auc) = test(args, &model.valid(), clicks, loader)?;
    let examples_per_second = seen as f64 / seconds;
    Ok(Outcome { loss, auc, losses, seconds, examples_per_second, peak_bytes: peak_bytes() })
}

/// The numbers of the examples of each step.
fn parts(examples: &Examples, batch: u32) -> impl Iterator<Item = Vec<usize>> {
    let (all, batch) = (examples.len(), batch as usize);
    (0..all).step_by(batch).map(move |first| (first..(first + batch).min(all)).collect())
}

pub(crate) fn test(
    args: &Args,
    model: &Dlrm,
    clicks: &Clicks,
    loader: &Loader,
) -> Result<(f64, f64), Box<dyn Error>> {
    let mut logits = Vec::new();
    for examples in parts(&clicks.test, args.batch) {
        let part = loader.part(clicks, &clicks.test, &examples)?;
        let found = model.forward(part.numbers, &part.bags)?;
        logits.extend(found.into_data().convert::<f32>().try_to_vec::<f32>().map_err(|e| format!("{e:?}"))?);
    }
    let labels = &clicks.test.labels;
    Ok((log_loss_from_logits(&logits, labels)?, auc(&logits, labels)?))
}
