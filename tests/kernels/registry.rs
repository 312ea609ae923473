//! What the registry of kernels says, held against shaders, files and documentation.

mod clamps;
mod kernel_docs;
mod layout;
mod names;
mod noop;
mod shader;
mod spirv;
mod translation;
