//! Runs recorded commands on the CPU: twins in order, in a pool of threads of their own.

mod execute;
mod memory;
mod queue;

pub(crate) use execute::execute;
pub(crate) use memory::Memory;
pub(crate) use queue::Threads;
