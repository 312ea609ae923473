//! Twin of `select_count.wgsl`.

use rayon::prelude::*;

use crate::kernels::select_count::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let found = call.found[0];
    let stride = p.stride as usize;
    let keys = &call.keys[p.first as usize..][..(p.len as usize - 1) * stride + 1];
    let counts = call.counts;
    let tiles = keys.par_chunks(p.tile as usize * stride).map(|tile| {
        let mut own = [0u32; 256];
        let keys = tile.iter().step_by(stride).map(|key| key & p.significant);
        for key in keys.filter(|&key| (key ^ found) & p.mask == 0) {
            own[(key >> p.shift & 255) as usize] += 1;
        }
        own
    });
    let all = tiles.reduce(|| [0; 256], |a, b| std::array::from_fn(|digit| a[digit] + b[digit]));
    for (count, more) in counts.iter_mut().zip(all) {
        *count += more;
    }
}
