//! Rows by their numbers, to and from memory where they lie next to each other.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows to move.
        rows: u32,
        /// Where their numbers begin.
        first_place: u32,
        /// The rows of the table that lie in this window.
        window_first: u32,
        window_rows: u32,
        /// Elements of the variant's width: of a row, and where the table's and the packed rows begin.
        cols: u32,
        table_base: u32,
        packed_base: u32,
        /// 1: from packed rows to their places.
        scatter: u32,
    }
    Bindings {
        places: read [u32],
        source: read [u32] as "array<Elem>",
        out: write [u32] as "array<Elem>",
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 256,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/word_", $width, ".wgsl"),
                "table/move_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "move_rows",
    about: "packed[i] = table[places[i]], or table[places[i]] = packed[i]",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
