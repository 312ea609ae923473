//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use embag::{Context, ContextOptions};

use crate::ctr::RunArgs;
use crate::dct::DctArgs;
use crate::device::Device;
use crate::error::RunError;
use crate::plan::PlanArgs;

/// Trains a click-through-rate model (DLRM, DCN-v2, DHEN or Wukong) on embedding bags that lie on all ranks, and reports
/// its test log loss, AUC and normalised entropy after each epoch.
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
    /// Threads of each rank on the CPU [default: the cores that it may use, divided by the ranks on its machine]
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
    /// Decides how many threads this rank's kernels run on, before there is any.
    pub fn set_threads(&self, local_ranks: usize) -> Result<(), RunError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = self.threads.map_or((cores / local_ranks).max(1), NonZeroUsize::get);
        Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?)
    }

    /// A device for each rank of a machine, as far as there are so many.
    pub fn open_device(&self, local_rank: usize) -> Result<Context, RunError> {
        Ok(match self.run.device {
            Device::Cpu => Context::cpu(),
            Device::Auto if Context::auto()?.is_cpu() => Context::cpu(),
            Device::Auto | Device::Gpu => Context::open_with(&ContextOptions::new().adapter(local_rank))?,
        })
    }
}
