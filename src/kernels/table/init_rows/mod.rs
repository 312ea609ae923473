//! Fills table rows.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};

interface! {
    /// Uniform parameters.
    Params {
        /// Words to fill.
        words: u32,
        /// Number of the first row, and numbers from row to row.
        first_row: u32,
        row_step: u32,
        /// Number of the first column.
        first_column: u32,
        /// Columns of a row.
        dim: u32,
        /// Seed of the table.
        seed: u32,
        /// 1: uniform in `[-scale, scale)`; 0: the constant `scale`.
        uniform_values: u32,
        /// Half width, or the constant.
        scale: f32,
        /// Element type.
        table_type: u32,
    }
    Bindings {
        table: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "init_rows",
    about: "w[r][c] = scale * hash(seed, r, c), or a constant",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/types.wgsl",
            "table/init_rows.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
