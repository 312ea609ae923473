//! A whole program on all ranks.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use embag::sharded::Group;

use crate::Mpi;

/// Starts MPI and runs a program on this rank. If it returns an error or panics, that is printed, and all
/// ranks end with an exit status of 1: no rank waits for one that is gone.
///
/// ```
/// use embag::sharded::Group;
///
/// embag_mpi::run(|group| {
///     println!("rank {} of {}", group.rank(), group.ranks());
///     Ok::<(), embag::Error>(())
/// });
/// ```
pub fn run<E: Display>(program: impl FnOnce(Mpi) -> Result<(), E>) {
    let whole = match Mpi::init() {
        Ok(group) => group,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    // MPI ends with `whole`, which outlives what the program does with the group
    let group = Mpi::started(None);
    match catch_unwind(AssertUnwindSafe(|| program(group))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => whole.abort(&format!("rank {} ends: {error}", whole.rank())),
        Err(_) => whole.abort(&format!("rank {} panicked", whole.rank())),
    }
}
