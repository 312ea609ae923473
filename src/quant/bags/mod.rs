//! Embedding bags over rows of few bits.

mod apply;
mod builder;
mod bytes;
mod checkpoint;
mod convert;
mod quantized_bags;

pub use builder::QuantizedBagsBuilder;
pub use bytes::RowLayout;
pub use quantized_bags::QuantizedBags;
