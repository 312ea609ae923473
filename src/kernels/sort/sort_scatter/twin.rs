//! Twin of `sort_scatter.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::{as_atomic, pairs_as_atomic};
use crate::cpu::parallel;
use crate::kernels::sort_count::Params;
use crate::kernels::sort_scatter::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (keys, values) = (&call.keys_in[..p.len as usize], call.values_in);
    let keys_out = as_atomic(call.keys_out);
    if p.gather == 1 {
        let (terms, terms_out) = (call.terms, pairs_as_atomic(call.terms_out));
        scatter(p, call.histogram, keys, values, |place, key, value| {
            keys_out[place].store(key, Relaxed);
            terms_out[place].store(bytemuck::cast(terms[value as usize]), Relaxed);
        });
    } else {
        let values_out = as_atomic(call.values_out);
        scatter(p, call.histogram, keys, values, |place, key, value| {
            keys_out[place].store(key, Relaxed);
            values_out[place].store(value, Relaxed);
        });
    }
}

/// Calls `put` with the place of every key, the key and its value.
fn scatter(p: Params, histogram: &[u32], keys: &[u32], values: &[u32], put: impl Fn(usize, u32, u32) + Sync) {
    let (digits, tiles) = (p.digits as usize, p.tiles as usize);
    let (counts, sums) = histogram.split_at(digits * tiles);
    parallel::each(keys.chunks(p.tile as usize).enumerate(), &|(tile, keys)| {
        let before = sums.iter().scan(0, |before, sum| Some(std::mem::replace(before, *before + sum)));
        let column = counts.iter().skip(tile).step_by(tiles);
        let mut places: Vec<u32> = before.zip(column).map(|(before, count)| before + count).collect();
        let first = tile * p.tile as usize;
        let mut put = |key: u32, value: u32| {
            let place = &mut places[(key >> p.shift & (p.digits - 1)) as usize];
            put(*place as usize, key, value);
            *place += 1;
        };
        if p.first == 1 {
            // positions fit the `u32` that counts them
            let positions = narrow(first)..;
            keys.iter().zip(positions).for_each(|(&key, position)| put(key, position));
        } else {
            keys.iter().zip(&values[first..]).for_each(|(&key, &value)| put(key, value));
        }
    });
}
