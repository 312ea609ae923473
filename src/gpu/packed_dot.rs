//! Whether the packed dot product of four bytes is worth using: some devices have an instruction for it, others take it
//! apart and are slower than the plain products.

use std::time::{Duration, Instant};

use super::Gpu;
use crate::Result;
use crate::device::{Buffer, Command, Repr};
use crate::kernel::{Dispatch, Shape};
use crate::kernels::linear_int8::{KERNEL, OutputChannel, Params, lanes_n, tiles, variant};

/// Products of one submission, and how often each variant is timed; the best counts.
const DISPATCHES: usize = 4;
const TIMES: usize = 3;

/// Times both variants of the product of 8-bit codes on zeros. `EMBAG_DISABLE=packed_dot` leaves only the portable one.
pub(super) fn is_faster(gpu: &Gpu) -> Result<bool> {
    if super::adapter::disabled("packed_dot") {
        return Ok(false);
    }
    // real GPUs need enough groups, software adapters have none to spare
    let (m, n, words) = if gpu.shape() == Shape::Wide { (1024, 1024, 256) } else { (64, 128, 64) };
    let params = Params { m, n, words, out_stride: n, lanes_n: lanes_n(n), ..Params::default() };
    let buffer = |bytes: u32| -> Result<Buffer> {
        let size = u64::from(bytes);
        let repr = Repr::Gpu(gpu.create_buffer("embag.packed_dot", size)?);
        Ok(Buffer { repr, home: 0, offset: 0, size })
    };
    let channels = n * u32::try_from(size_of::<OutputChannel>()).unwrap_or(u32::MAX);
    let sizes = [m * words * 4, n * words * 4, channels, 16, m * n * 4];
    let bindings = sizes.into_iter().map(buffer).collect::<Result<Vec<_>>>()?;
    let time = |packed: bool| -> Result<Duration> {
        let groups = tiles(gpu.shape(), m, n);
        let one = Dispatch::new(&KERNEL, variant(packed, gpu.shape()), &params, bindings.clone(), groups);
        let all = (0..DISPATCHES).map(|_| Command::Dispatch(one.clone())).collect::<Vec<_>>();
        let start = Instant::now();
        gpu.wait(gpu.execute(&all)?, None)?;
        Ok(start.elapsed())
    };
    // the first of each builds its pipeline
    time(true)?;
    time(false)?;
    let mut best = [Duration::MAX; 2];
    for _ in 0..TIMES {
        best = [best[0].min(time(true)?), best[1].min(time(false)?)];
    }
    Ok(best[0] <= best[1])
}
