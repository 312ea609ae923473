//! Low precision, for serving what was trained in `f32`.
//!
//! [`QuantizedBags`] look rows of few bits up: int8, int4 and int2 with a scale and a bias a row, byte for byte as FBGEMM keeps
//! them, and 16-bit floats. [`Int8Linear`] layers multiply codes of 8 bits, exactly;
//! [`WeightOnlyLinear`] ones keep weights of 16, 8 or 4 bits and multiply `f32`.

pub mod accuracy;
mod activation;
mod bags;
pub mod calibration;
mod linear;
mod range_search;

pub use crate::table::RowFormat;
pub use activation::{ActivationBits, ActivationQuant, ActivationRange};
pub use bags::{QuantizedBags, QuantizedBagsBuilder, RowLayout};
pub use linear::{
    Activations, CodeMatrix, InputQuant, Int8Linear, LayerPrecision, QuantizedLayer, QuantizedMlp,
    QuantizedWeight, WeightOnlyLinear,
};
pub use range_search::RangeSearch;
