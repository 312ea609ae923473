//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use embag::{Context, ContextOptions};
use embag_mpi::Mpi;

use crate::ctr::RunArgs;
use crate::dct::DctArgs;
use crate::device::Device;
use crate::error::RunError;
use crate::plan::PlanArgs;

/// Trains a click-through-rate model (DLRM, DCN-v2, DHEN or Wukong) on embedding bags that lie on all ranks,
/// and reports its test log loss, AUC and normalised entropy after each epoch.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "train_ctr_mpi")]
pub struct Args {
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub dct: DctArgs,
    /// Write the plan here, as JSON, with what it is likely to cost if it was made here
    #[arg(long, value_name = "FILE.json")]
    pub plan_out: Option<PathBuf>,
    /// Threads of each rank on the CPU [default: the cores that it may use, divided by the ranks on its
    /// machine]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Write the model into this folder after each epoch, a file a rank; it may be that of --resume
    #[arg(long, value_name = "FOLDER")]
    pub checkpoint: Option<PathBuf>,
    /// Go on from a folder that any number of ranks wrote, or from a file of train_ctr
    #[arg(long, value_name = "PATH")]
    pub resume: Option<PathBuf>,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// A device for each rank of a machine: an adapter, as far as there are so many, or a part of the CPU's
    /// cores.
    pub fn open_device(&self, group: &Mpi) -> Result<Context, RunError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = NonZeroUsize::new(cores / group.local_ranks()).unwrap_or(NonZeroUsize::MIN);
        let options =
            ContextOptions::new().threads(self.threads.unwrap_or(share)).adapter(group.local_rank());
        Ok(match self.run.device {
            Device::Cpu => Context::cpu_with(&options)?,
            Device::Gpu => Context::open_with(&options)?,
            Device::Auto => Context::auto_with(&options)?,
        })
    }
}
