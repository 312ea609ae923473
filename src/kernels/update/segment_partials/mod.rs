//! Pieces of long segments and groups of pieces, ahead of `row_update`.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::part::{GROUP, PIECE, Part};

interface! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Table parts.
        parts: u32,
        /// Key of ids without a row.
        none_key: u32,
        /// Threads for a piece.
        lanes: u32,
        /// vec4s from partial to partial.
        stride: u32,
        /// Limit of a gradient's values; 0: none.
        clip_value: f32,
        /// 1: sums of pieces to sums of groups.
        grouping: u32,
    }
    Bindings {
        parts: read [Part],
        keys: read [u32],
        terms: read [[u32; 2]],
        grad: read [f32] as "array<Elem>",
        partials: write [[f32; 4]],
    }
}

const WORKGROUP: u32 = 64;

/// Vector width of a variant.
pub(crate) const VEC4: usize = 0;

pub(crate) const SCALAR: usize = 1;

/// Pieces that can be stored for a number of sorted keys.
pub(crate) fn pieces(len: u32) -> u32 {
    len.div_ceil(PIECE)
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[("PIECE", PIECE), ("GROUP", GROUP)],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/pieces.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/grad_", $width, ".wgsl"),
                "prelude/find_part.wgsl",
                "prelude/clipped.wgsl",
                "prelude/term_grad.wgsl",
                "update/segment_partials.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "segment_partials",
    about: "sums of the pieces of rows with many occurrences, and of groups of pieces",
    interface: INTERFACE,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};

impl Params {
    /// Workgroups.
    pub(crate) fn groups(&self) -> u32 {
        let span = if self.grouping == 1 { GROUP } else { PIECE };
        (self.len.div_ceil(span) * self.lanes).div_ceil(WORKGROUP)
    }

    /// Pieces, then groups, if there can be any.
    pub(crate) fn levels(self) -> impl Iterator<Item = Self> {
        let levels = if self.len > GROUP { 2 } else { 1 };
        (0..levels).map(move |grouping| Self { grouping, ..self })
    }
}
