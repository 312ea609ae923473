//! A DLRM in burn, with embag's bags or with burn's own embeddings.
//!
//! ```text
//! cargo run --release --example burn_dlrm -- --embedding embag
//! cargo run --release --example burn_dlrm -- --embedding burn
//! cargo run --release --example burn_dlrm -- --movielens ml-latest-small
//! ```
//!
//! With `--features train` there is also `--learner FOLDER`, which trains by burn's `Learner`.
//!
//! Both begin with the same rows, so that their losses can be compared.

mod args;
mod bags;
mod clicks;
#[cfg(feature = "train")]
mod learner;
mod loader;
mod made_up;
mod model;
mod movielens;
#[path = "../common/peak.rs"]
mod peak;
mod training;

use std::error::Error;
use std::process::ExitCode;

use burn::tensor::Device;
use clap::Parser;
use embag::Context;

use crate::args::{Args, On};
use crate::bags::Bags;
use crate::loader::Loader;
use crate::model::Dlrm;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let (device, ctx) = match args.device {
        On::Gpu => embag_burn::init(Device::wgpu_options())?,
        On::Cpu => (Device::flex(), Context::cpu()),
    };
    let device = device.autodiff();
    let clicks = match &args.movielens {
        Some(folder) => movielens::read(folder)?,
        None => made_up::clicks(args)?,
    };
    eprintln!(
        "{} training and {} test examples on {}; tables of {} rows x {}",
        clicks.train.len(),
        clicks.test.len(),
        ctx.device_name(),
        clicks.features.iter().map(|feature| feature.rows.to_string()).collect::<Vec<_>>().join(", "),
        args.dim
    );
    let bags = Bags::new(args, &clicks.features, &device, &ctx)?;
    let loader = Loader::new(&bags, &device);
    let model = Dlrm::new(bags, &clicks, args, &device);
    #[cfg(feature = "train")]
    if let Some(folder) = &args.learner {
        let clicks = std::sync::Arc::new(clicks);
        let model = learner::train(args, model, &clicks, &loader, folder)?;
        let (loss, auc) = training::test(args, &model, &clicks, &loader)?;
        eprintln!("test loss {loss:.5}, AUC {auc:.4}");
        return Ok(());
    }
    let outcome = training::train(args, model, &clicks, &loader)?;
    eprintln!(
        "test loss {:.5}, AUC {:.4}; {:.1} s of training, {:.0} examples/s",
        outcome.loss, outcome.auc, outcome.seconds, outcome.examples_per_second
    );
    if args.json {
        println!("{}", serde_json::to_string(&outcome)?);
    }
    Ok(())
}
