//! Embedding bags on any GPU.

mod cpu;
pub mod dense;
pub mod device;
mod error;
mod gpu;
pub mod kernel;
pub mod kernels;
pub mod metrics;

pub use device::{Buffer, Context, ContextOptions, Matrix, Readback, Recorder, Submission};
pub use error::{Error, Result};
