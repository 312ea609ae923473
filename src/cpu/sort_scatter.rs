//! Twin of `sort_scatter.wgsl`.

use rayon::prelude::*;

use super::split::split_at_all;
use crate::kernel::Call;
use crate::kernels::sort_count::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let len = p.len as usize;
    let histogram = &call.read::<u32>(0)[..(p.digits * p.tiles) as usize];
    let (keys, values) = (&call.read::<u32>(1)[..len], call.read::<u32>(2));
    let (keys_out, values_out) = (&mut call.write::<u32>(3)[..len], &mut call.write::<u32>(4)[..len]);

    // Every (digit, tile) has a run of places of its own: cut there, a tile's task owns what it writes.
    let ends = || histogram[1..].iter().map(|&place| place as usize).chain([len]);
    let runs = split_at_all(keys_out, ends()).into_iter().zip(split_at_all(values_out, ends()));
    let tiles = p.tiles as usize;
    let mut tasks: Vec<Vec<_>> = (0..tiles).map(|_| Vec::with_capacity(p.digits as usize)).collect();
    for (index, (keys, values)) in runs.enumerate() {
        tasks[index % tiles].push((keys.iter_mut(), values.iter_mut()));
    }
    tasks.into_par_iter().enumerate().for_each(|(tile, mut places)| {
        let first = tile * p.tile as usize;
        let last = len.min(first + p.tile as usize);
        for i in first..last {
            let key = keys[i];
            let (key_places, value_places) = &mut places[(key >> p.shift & (p.digits - 1)) as usize];
            // as many places as were counted
            if let (Some(k), Some(v)) = (key_places.next(), value_places.next()) {
                *k = key;
                // positions fit the `u32` that counts them
                *v = if p.first == 1 { u32::try_from(i).unwrap_or(u32::MAX) } else { values[i] };
            }
        }
    });
}
