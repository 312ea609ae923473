//! Embedding bags over rows of few bits.

mod apply;
mod builder;
mod bytes;
mod checkpoint;
mod convert;
mod quantized_bags;
mod source;

pub use builder::QuantizedBagsBuilder;
pub use bytes::RowLayout;
pub use quantized_bags::QuantizedBags;
pub use source::QuantizeSource;
