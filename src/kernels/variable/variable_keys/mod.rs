//! Keys of rows of differing dimensions.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::feature::{Feature, Status};

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        batch: u32,
        features: u32,
        ids: u32,
        /// Runs of rows that follow one another and have the same dimension.
        runs: u32,
    }
    Bindings {
        status: read Status,
        features: read [Feature],
        offsets: read [u32],
        ids: read [u32],
        /// For each run its first row and that one's key.
        runs: read [[u32; 2]],
        keys: write [u32],
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_keys",
    about: "for each id its row's key among the rows of each dimension",
    interface: INTERFACE,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "variable/variable_keys.wgsl"],
    }],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
