//! Whether the packed dot product of four bytes is worth using: some devices have an instruction for it,
//! others take it apart and are slower than the plain products.

use super::Gpu;
use crate::Result;
use crate::device::Dispatch;
use crate::kernel::Shape;
use crate::kernels::linear_int8::{Bindings, OutputChannel, Params, SLICE, groups, lanes_n, variant};
use crate::kernels::tile::MatmulTile;
use crate::numbers::narrow;

/// Times both variants of the product of 8-bit codes on zeros. `EMBAG_DISABLE=packed_dot` leaves only the
/// portable one.
pub(super) fn is_faster(gpu: &Gpu) -> Result<bool> {
    if crate::disabled::disabled("packed_dot") {
        return Ok(false);
    }
    // real GPUs need enough groups, software adapters have none to spare
    let (m, n, words) = if gpu.shape() == Shape::Wide { (1024, 1024, 256) } else { (64, 128, 64) };
    let params = Params {
        m,
        n,
        words,
        out_stride: n,
        lanes_n: lanes_n(n),
        slices: 1,
        k_slice: words.next_multiple_of(SLICE),
        ..Params::default()
    };
    let bindings = Bindings {
        codes: gpu.zeros(m * words * 4)?,
        weights: gpu.zeros(n * words * 4)?,
        channels: gpu.zeros(n * narrow(size_of::<OutputChannel>()))?,
        quant: gpu.zeros(16)?,
        out: gpu.zeros(m * n * 4)?,
    };
    let tile = (gpu.shape() == Shape::Wide).then_some(MatmulTile::T64x64);
    let groups = groups(tile, m, n);
    let [packed, portable] =
        [true, false].map(|packed| Dispatch::new(variant(packed, tile), &params, bindings.clone(), groups));
    gpu.is_faster(&packed, &portable)
}
