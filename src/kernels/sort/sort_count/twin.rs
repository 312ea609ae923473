//! Twin of `sort_count.wgsl`.

use rayon::prelude::*;

use crate::kernels::sort_count::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let keys = &call.keys[..p.len as usize];
    let histogram = call.histogram;
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
