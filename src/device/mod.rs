//! The device, whichever it is: context, buffers, and the recorder that runs kernels on either.

mod arriving;
mod buffer;
mod context;
mod dispatch;
mod encoded;
pub(crate) mod gpu;
pub(crate) mod host;
mod late;
mod matrix;
mod need;
mod profile;
mod readback;
mod recorder;
mod report;
mod scratch;
mod submission;

pub use crate::kernel::{Precision, Shape};
pub(crate) use arriving::Arriving;
pub use buffer::Buffer;
pub(crate) use buffer::Repr;
pub(crate) use context::Backend;
pub use context::{Context, ContextOptions, DeviceLimits};
pub(crate) use dispatch::Dispatch;
pub use encoded::Encoded;
pub(crate) use host::threads as host_threads;
pub(crate) use late::{Counter, Ground, Reached};
pub use matrix::Matrix;
pub(crate) use matrix::{Place, word};
pub(crate) use need::Need;
pub use profile::{KernelTime, Profile};
pub use readback::Readback;
pub(crate) use recorder::Command;
pub use recorder::Recorder;
pub(crate) use report::Report;
pub(crate) use scratch::{Pool, Scratch};
pub use submission::Submission;
