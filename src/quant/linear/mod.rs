//! Linear layers of low precision.

mod code_matrix;
mod int8;
mod weight;

pub use code_matrix::CodeMatrix;
pub use int8::{Activations, InputQuant, Int8Linear};
pub use weight::QuantizedWeight;
