//! Twin of `sort_count.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::sort_count::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let keys = &call.read::<u32>(0)[..p.len as usize];
    let histogram = call.write::<u32>(1);
    let counts: Vec<Vec<u32>> = keys
        .par_chunks(p.tile as usize)
        .map(|tile| {
            let mut counts = vec![0u32; p.digits as usize];
            for key in tile {
                counts[(key >> p.shift & (p.digits - 1)) as usize] += 1;
            }
            counts
        })
        .collect();
    for (digit, row) in histogram.chunks_mut(p.tiles as usize).take(p.digits as usize).enumerate() {
        for (count, tile) in row.iter_mut().zip(&counts) {
            *count = tile[digit];
        }
    }
}
