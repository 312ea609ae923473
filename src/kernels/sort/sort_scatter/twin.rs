//! Twin of `sort_scatter.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::as_atomic;
use crate::cpu::parallel;
use crate::kernels::sort_scatter::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let histogram = call.histogram;
    let (keys, values) = (&call.keys_in[..p.len as usize], call.values_in);
    let (keys_out, values_out) = (as_atomic(call.keys_out), as_atomic(call.values_out));
    parallel::each(keys.chunks(p.tile as usize).enumerate(), &|(tile, keys)| {
        let column = histogram.iter().skip(tile).step_by(p.tiles as usize);
        let mut places: Vec<u32> = column.take(p.digits as usize).copied().collect();
        let first = tile * p.tile as usize;
        let mut scatter = |key: u32, value: u32| {
            let place = &mut places[(key >> p.shift & (p.digits - 1)) as usize];
            keys_out[*place as usize].store(key, Relaxed);
            values_out[*place as usize].store(value, Relaxed);
            *place += 1;
        };
        if p.first == 1 {
            // positions fit the `u32` that counts them
            let positions = narrow(first)..;
            keys.iter().zip(positions).for_each(|(&key, position)| scatter(key, position));
        } else {
            keys.iter().zip(&values[first..]).for_each(|(&key, &value)| scatter(key, value));
        }
    });
}
