//! Embedding bags on any GPU.

mod cpu;
pub mod device;
mod error;
mod gpu;
pub mod kernel;
pub mod kernels;

pub use device::{Buffer, Context, ContextOptions, Matrix, Readback, Recorder, Submission};
pub use error::{Error, Result};
