//! embag's sharded tables between processes, over MPI.
//!
//! [`Mpi`] is a [`Group`](embag::sharded::Group) of the processes that `mpirun` (or Slurm's `srun`) started:
//!
//! ```no_run
//! use embag::sharded::{Placement, Plan, ShardedBags};
//! use embag::{Context, Pooling, Table};
//!
//! fn main() {
//!     embag_mpi::run(|group| {
//!         let mut bags = ShardedBags::builder(&Context::cpu(), group)
//!             .table("movie", Table::rows(1_000).dim(16))
//!             .feature("liked", "movie", Pooling::Mean)
//!             .plan(Plan::new().table("movie", Placement::TableWise(0)))
//!             .build()?;
//!         let batch = bags.batch().bags("liked", &[5u32, 31, 90], &[2, 1]).build()?; // this rank's examples
//!         let pooled = bags.forward(&batch)?;
//!         assert_eq!((pooled.rows(), pooled.cols()), (2, 16));
//!         Ok::<(), embag::Error>(())
//!     })
//! }
//! ```
//!
//! # When a rank fails
//!
//! [`run`] ends all ranks, with an exit status that is not 0, as soon as one of them returns an error or
//! panics. A rank that waits for another one longer than [`Mpi::patience`] says whom it waits for and what
//! for, and ends all. (MPI has no way back from a rank that is lost.)

mod exchange;
mod run;

use std::time::Duration;

use embag::sharded::Sent;
use embag::{Error, Result};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::Communicator;

pub use run::run;

/// The processes that MPI started together, as ranks. Stays on the thread that made it.
pub struct Mpi {
    world: SimpleCommunicator,
    sent: Sent,
    patience: Duration,
    /// MPI ends when it is dropped; nothing if [`run`] has it.
    universe: Option<Universe>,
}

impl std::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MPI rank {} of {}", self.world.rank(), self.world.size())
    }
}

impl Mpi {
    /// Starts MPI, once in a process; a process that `mpirun` did not start is a group by itself. Prefer
    /// [`run`], which sees to it that a rank that fails ends all at once: a rank that leaves by itself lets
    /// the others wait as long as their [`Mpi::patience`].
    ///
    /// # Errors
    /// [`Error::Device`] if MPI was started before.
    pub fn init() -> Result<Self> {
        let Some(universe) = mpi::initialize() else {
            let message = "MPI was started in this process before".to_owned();
            return Err(Error::Device { operation: "MPI's start".to_owned(), message });
        };
        Ok(Self::started(Some(universe)))
    }

    /// The group of an MPI that was started.
    fn started(universe: Option<Universe>) -> Self {
        let world = SimpleCommunicator::world();
        Self { world, sent: Sent::default(), patience: Duration::from_secs(600), universe }
    }

    /// The number of this rank among those of its machine, from 0 on: that of the GPU that it takes
    /// ([`ContextOptions::adapter`](embag::ContextOptions::adapter)). All ranks call it together.
    #[must_use]
    pub fn local_rank(&self) -> usize {
        usize::try_from(self.world.split_shared(0).rank()).unwrap_or(0)
    }

    /// How many ranks are on this one's machine. All ranks call it together.
    #[must_use]
    pub fn local_ranks(&self) -> usize {
        usize::try_from(self.world.split_shared(0).size()).unwrap_or(1)
    }

    /// Sets how long a call waits for another rank before it ends all of them; ten minutes if it is not set.
    #[must_use]
    pub fn patience(mut self, longest: Duration) -> Self {
        self.patience = longest;
        self
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        if self.universe.is_none() {
            return;
        }
        if std::thread::panicking() {
            self.abort(&format!("rank {} panicked", self.world.rank()));
        }
        self.leave();
    }
}
