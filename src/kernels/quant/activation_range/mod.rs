//! The range of a matrix: smallest and largest value of groups of rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        rows: u32,
        cols: u32,
        /// Elements where the matrix begins, and from row to row.
        input_base: u32,
        input_stride: u32,
        group_rows: u32,
        /// The pair of the first group.
        first: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        keys: write [[u32; 2]] as "array<u32>",
    }
}

const GROUP: u32 = 64;

/// Groups that keep a device busy; the next kernel reads as many pairs.
const ENOUGH_GROUPS: u32 = 256;

/// Values worth a group, few enough that the loops of software adapters stay short.
const LEAST_VALUES: u32 = 4096;

const MOST_VALUES: u32 = 1 << 19;

/// Rows of a group.
pub(crate) fn group_rows(rows: u32, cols: u32) -> u32 {
    let of_values = |values: u32| (values / cols.max(1)).max(1);
    rows.div_ceil(ENOUGH_GROUPS).clamp(of_values(LEAST_VALUES), of_values(MOST_VALUES))
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: GROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/key_range.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                "quant/activation_range.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "activation_range",
    about: "keys of the smallest and largest value of groups of rows",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
