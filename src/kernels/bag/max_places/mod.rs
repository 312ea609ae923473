//! Where the maxima of bags lie.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::Status;

interface! {
    /// Uniform parameters.
    Params {
        first_bag: u32,
        /// Bags times columns.
        values: u32,
        dim: u32,
        table_rows: u32,
        padding: u32,
        /// The part of the table that lies in the window.
        window_first: u32,
        window_rows: u32,
        window_base: u32,
        window_stride: u32,
        /// Element type of the rows.
        rows_type: u32,
        /// 1: no window came before.
        initial: u32,
    }
    Bindings {
        status: read Status,
        offsets: read [u32],
        ids: read [u32],
        rows: read [u32],
        best: write [f32],
        places: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "max_places",
    about: "for each bag and column the position of the largest value",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/types.wgsl",
            "bag/max_places.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
