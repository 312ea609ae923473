//! Whether 16-bit floats are better read as such than unpacked from words: all devices unpack, not all have
//! them.

use super::Gpu;
use crate::Result;
use crate::device::Dispatch;
use crate::kernel::Shape;
use crate::kernels::linear::{Bindings, KERNEL, Layout, Params, groups, lanes_n, variant};
use crate::kernels::tile::MatmulTile;

/// Times both variants of the product with weights of 16 bits on zeros. `EMBAG_DISABLE=f16` leaves only the
/// portable one.
pub(super) fn is_faster(gpu: &Gpu) -> Result<bool> {
    let tile = (gpu.shape() == Shape::Wide).then_some(MatmulTile::T64x64);
    let [native, portable] = [Layout::NtF16Native, Layout::NtF16].map(|layout| variant(layout, true, tile));
    if crate::disabled::disabled("f16") || !gpu.supports(&KERNEL.variants[native]) {
        return Ok(false);
    }
    // real GPUs need enough groups, software adapters have none to spare
    let (m, n, k) = if gpu.shape() == Shape::Wide { (1024, 1024, 512) } else { (64, 128, 128) };
    let params = Params {
        m,
        n,
        k,
        a_stride: k,
        b_stride: k / 2,
        out_stride: n,
        slices: 1,
        k_slice: k,
        lanes_n: lanes_n(n),
        ..Params::default()
    };
    let bindings = Bindings {
        a: gpu.zeros(m * k * 4)?,
        b: gpu.zeros(n * k * 2)?,
        bias: gpu.zeros(16)?,
        out: gpu.zeros(m * n * 4)?,
    };
    let groups = groups(tile, m, n);
    let [native, portable] =
        [native, portable].map(|variant| Dispatch::new(variant, &params, bindings.clone(), groups));
    gpu.is_faster(&native, &portable)
}
