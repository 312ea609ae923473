//! The gradient of each distinct row.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::part::{GROUP, PIECE};

interface! {
    /// Uniform parameters.
    Params {
        /// Rows in this dispatch.
        rows: u32,
        /// The first of them.
        first: u32,
        /// Columns.
        dim: u32,
        /// Threads for a row.
        lanes: u32,
        /// 1: `partials` holds the pieces of long segments.
        split: u32,
        /// vec4s from partial to partial.
        stride: u32,
        /// Limit of a gradient's values; 0: none.
        clip_value: f32,
        /// Element of the first row in `out`, and elements from row to row.
        out_base: u32,
        out_stride: u32,
    }
    Bindings {
        total: read [u32],
        begins: read [u32],
        terms: read [[u32; 2]],
        grad: read [f32] as "array<Elem>",
        partials: read [[f32; 4]],
        out: write [f32] as "array<OutElem>",
        counts: write [u32],
    }
}

const WORKGROUP: u32 = 64;

/// Groups for a number of rows.
pub(crate) fn groups(shape: Shape, rows: u32, lanes: u32) -> u32 {
    if shape == Shape::Wide { rows.div_ceil(WORKGROUP / lanes) } else { rows.div_ceil(WORKGROUP) }
}

/// The variant for a vector width and a shape.
pub(crate) fn variant(vec4: bool, shape: Shape) -> usize {
    usize::from(!vec4) * 2 + usize::from(shape != Shape::Wide)
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, [$($sum:expr),+], $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[("PIECE", PIECE), ("GROUP", GROUP)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/pieces.wgsl",
                "prelude/gradient_row.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/clipped.wgsl",
                "prelude/term_grad.wgsl",
                $($sum,)+
                $body
            ],
        }
    };
}

macro_rules! variants {
    ($($width:literal $at_once:literal),+) => {
        &[$(
            variant!(
                $width,
                Wide,
                "wide",
                ["prelude/terms_sum.wgsl", concat!("prelude/terms_sum_", $at_once, ".wgsl")],
                "sparse/segment_gradient.wgsl"
            ),
            variant!(
                $width,
                Serial,
                "serial",
                ["prelude/grid_spread.wgsl", "prelude/more_any.wgsl", "prelude/block_sum.wgsl"],
                "sparse/segment_gradient.serial.wgsl"
            ),
        )+]
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_gradient",
    about: "the sum of each row's terms, and their number",
    interface: INTERFACE,
    variants: variants!["vec4" "four", "scalar" "one"],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
