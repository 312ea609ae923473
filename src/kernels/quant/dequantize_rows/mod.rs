//! The values of rows of any type.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::elements::header_words;
use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        rows_type: u32,
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        rows: read [u32] as "array<RowsElem>",
        out: write [f32],
    }
}

/// The index of a variant.
pub(crate) fn variant(rows_type: u32) -> usize {
    usize::from(header_words(rows_type) > 0)
}

/// Threads for `rows` rows: one for every four columns.
pub(crate) fn threads(rows: u32, dim: u32) -> u32 {
    rows * dim.div_ceil(4)
}

macro_rules! variant {
    ($name:literal, $rows:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/rows_", $rows, ".wgsl"),
                "quant/dequantize_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dequantize_rows",
    about: "out[r][c] = scale * code + bias",
    interface: INTERFACE,
    variants: &[variant!("floats", "any_scalar"), variant!("quantized", "quantized")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
