//! Gradient with respect to per-sample weights.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::part::Part;

interface! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// Table parts in this window.
        parts: u32,
        /// First key of the window.
        key_begin: u32,
        /// One past the last.
        key_end: u32,
        /// Threads for a position.
        lanes: u32,
        /// Key of ids whose weights have no gradient: 0 is written for them.
        zero_key: u32,
        /// Element type of the rows.
        rows_type: u32,
    }
    Bindings {
        parts: read [Part],
        keys: read [u32],
        terms: read [[u32; 2]],
        grad: read [f32] as "array<Elem>",
        rows: read [u32] as "array<RowsElem>",
        out: write [f32],
    }
}

const WORKGROUP: u32 = 64;

/// Groups for a number of positions.
pub(crate) fn groups(shape: Shape, len: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { len.div_ceil(WORKGROUP / lanes) } else { len.div_ceil(WORKGROUP) }
}

/// The index of a variant; `any` for rows of other types than `f32`.
pub(crate) fn variant(vec4: bool, any: bool, shape: Shape) -> usize {
    usize::from(any) * 4 + usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $types:literal, $shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/rows_", $types, $width, ".wgsl"),
                "prelude/find_part.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "weight_grad",
    about: "out[p] = <gradient of the bag, row of the id>, over the bag's length for a mean",
    interface: INTERFACE,
    variants: &[
        variant!("vec4", "", Wide, "wide", "bag/weight_grad.wgsl"),
        variant!("vec4", "", Serial, "serial", "bag/weight_grad.serial.wgsl"),
        variant!("scalar", "", Wide, "wide", "bag/weight_grad.wgsl"),
        variant!("scalar", "", Serial, "serial", "bag/weight_grad.serial.wgsl"),
        variant!("vec4", "any_", Wide, "any.wide", "bag/weight_grad.wgsl"),
        variant!("vec4", "any_", Serial, "any.serial", "bag/weight_grad.serial.wgsl"),
        variant!("scalar", "any_", Wide, "any.wide", "bag/weight_grad.wgsl"),
        variant!("scalar", "any_", Serial, "any.serial", "bag/weight_grad.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
