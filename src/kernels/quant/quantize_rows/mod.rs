//! Rows of codes from rows of floats.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows to make, and their columns.
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        rows_type: u32,
        /// Word of the first row in the output, and words from row to row.
        out_base: u32,
        out_stride: u32,
        out_type: u32,
        /// 1: the range with the smallest loss is looked for.
        greedy: u32,
    }
    Bindings {
        status: read [u32],
        rows: read [u32] as "array<RowsElem>",
        out: write [u32],
    }
}

const WORKGROUP: u32 = 64;

/// Threads of a row in the wide shape.
const LANES: u32 = 16;

/// The index of a variant.
pub(crate) fn variant(shape: Shape) -> usize {
    usize::from(shape != Shape::Wide)
}

/// Groups for `rows` rows.
pub(crate) fn groups(shape: Shape, rows: u32) -> u32 {
    rows.div_ceil(if shape == Shape::Wide { WORKGROUP / LANES } else { WORKGROUP })
}

/// The most iterations that a thread of a software adapter does for a row.
pub(crate) fn iterations(dim: u32, greedy: bool) -> u64 {
    // columns, the tree, and divisions
    let columns = u64::from(dim.div_ceil(4)) + 50;
    columns * if greedy { 43 } else { 4 }
}

macro_rules! variant {
    ($shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status_words.wgsl",
                "prelude/types.wgsl",
                "prelude/range_search.wgsl",
                "prelude/rows_any_scalar.wgsl",
                "prelude/divide.wgsl",
                "prelude/row_codes.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "quantize_rows",
    about: "rows of codes behind scale and bias, by the range of the values or the one with the smallest loss",
    interface: INTERFACE,
    variants: &[
        variant!(Wide, "wide", "quant/quantize_rows.wgsl"),
        variant!(Serial, "serial", "quant/quantize_rows.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
