//! Low precision, for serving what was trained in `f32`.
//!
//! [`QuantizedBags`] look rows of few bits up: int8, int4 and int2 with a scale and a bias a row, byte for
//! byte as FBGEMM keeps them, and 16-bit floats. [`Int8Linear`] layers multiply codes of 8 bits, exactly;
//! [`WeightOnlyLinear`] ones keep weights of 16, 8 or 4 bits and multiply `f32`. [`calibration`] finds ranges
//! and corrections, [`accuracy`] says what few bits cost, and chooses formats within a budget of it.
//!
//! ```
//! use embag::quant::{QuantizedBags, RangeSearch, RowFormat, RowLayout};
//! use embag::{Context, EmbeddingBags, Pooling, Table};
//!
//! let ctx = Context::cpu();
//! let bags = EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::rows(1_000).dim(64))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .build()?; // and trained
//! // on the device: 36 bytes a row instead of 256
//! let mut served = QuantizedBags::of(&bags, |_table| (RowFormat::Int4, RangeSearch::Greedy))?;
//! let batch = served.batch().bags("liked", &[5i64, -1, 31], &[2, 1]).build()?; // -1: a pruned row
//! assert_eq!(served.forward(&batch)?.to_vec(&ctx)?.len(), 2 * 64);
//!
//! // rows as FBGEMM, TorchRec and PyTorch keep them, in and out
//! let bytes = served.download_bytes("movie", RowLayout::Inference { alignment: 16 })?;
//! served.upload_bytes("movie", &bytes, RowLayout::Inference { alignment: 16 })?;
//! served.write_row("movie", 31, &[0.5; 64], RangeSearch::MinMax)?; // while it serves
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! Rows with values that a format cannot keep (NaN, infinities, beyond 65,504 for int4, int2 and f16) are
//! refused with their number. Scales and codes are the same bytes on any device with [`RangeSearch::MinMax`]:
//! FBGEMM's.

pub mod accuracy;
mod activation;
mod bags;
pub mod calibration;
mod linear;
mod range_search;

pub use crate::table::RowFormat;
pub use activation::{ActivationBits, ActivationQuant, ActivationRange};
pub use bags::{QuantizeSource, QuantizedBags, QuantizedBagsBuilder, RowLayout};
pub use linear::{
    Activations, CodeMatrix, InputQuant, Int8Linear, LayerPrecision, QuantizedLayer, QuantizedMlp,
    QuantizedWeight, WeightOnlyLinear,
};
pub use range_search::RangeSearch;
