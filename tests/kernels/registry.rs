//! What the registry of kernels says, held against shaders, files and documentation.

mod kernel_docs;
mod layout;
mod names;
mod noop;
mod shader;
mod translation;
