//! The examples as they run under `mpirun`.

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

#[path = "../../../../tests/common/census.rs"]
mod census;
mod check_bits;
mod launch;
mod train_ctr_mpi;
