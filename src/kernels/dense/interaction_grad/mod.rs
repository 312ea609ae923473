//! The gradient of `interaction`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use std::num::NonZeroU32;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::interaction::SHARED;
pub(crate) use crate::kernels::interaction::variant;

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        features: u32,
        dim: u32,
        /// Elements where the matrices begin, and from row to row.
        input_base: u32,
        input_stride: u32,
        grad_base: u32,
        grad_stride: u32,
        out_base: u32,
        out_stride: u32,
        /// 1: the gradient begins with that of the copy of feature 0.
        dense_part: u32,
        /// 1: pairs (i, i) too.
        diagonal: u32,
        /// 1: the gradient is added to the output.
        accumulate: u32,
        /// Examples of a group in the wide shape.
        together: u32,
    }
    Bindings {
        input: read [f32] as "array<Elem>",
        grad: read [f32],
        out: write [f32] as "array<Elem>",
    }
}

const WORKGROUP: u32 = 64;

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $constants:expr, $body:literal) => {
        Variant {
            name: concat!($width, ".", $name),
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: $constants,
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/input_", $width, ".wgsl"),
                // rows of the gradient are as long as there are pairs, so rarely in fours
                "prelude/grad_scalar.wgsl",
                concat!("prelude/out_", $width, ".wgsl"),
                "prelude/pairs.wgsl",
                "dense/interaction_grad/block.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "interaction_grad",
    about: "out_i = sum over j of grad_ij x_j, plus the gradient of the copy for i = 0",
    interface: INTERFACE,
    variants: &[
        variant!("vec4", Wide, "wide", &[("SHARED", SHARED)], "dense/interaction_grad.wgsl"),
        variant!("vec4", Any, "tiles", &[], "dense/interaction_grad.tiles.wgsl"),
        variant!("scalar", Wide, "wide", &[("SHARED", SHARED)], "dense/interaction_grad.wgsl"),
        variant!("scalar", Any, "tiles", &[], "dense/interaction_grad.tiles.wgsl"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

/// Examples that a group of the wide shape takes: those whose pairs fit workgroup memory as squares, up to one
/// for each thread's block of values. None if that is less than one.
pub(crate) fn together(features: u32, dim: u32) -> Option<NonZeroU32> {
    let side = features.div_ceil(4);
    let fitting = u64::from(SHARED) / (u64::from(features) * u64::from(side));
    let blocks = u64::from(side) * u64::from(dim.div_ceil(8));
    let wanted = (u64::from(WORKGROUP) / blocks).max(1);
    u32::try_from(fitting.min(wanted)).ok().and_then(NonZeroU32::new)
}

/// Groups for a batch; `wide`: with the gradients of pairs in workgroup memory.
pub(crate) fn groups(wide: bool, p: &Params) -> u32 {
    match wide {
        true => p.rows.div_ceil(p.together),
        false => (p.rows * p.features.div_ceil(4) * p.dim.div_ceil(16)).div_ceil(WORKGROUP),
    }
}
