//! Twin of `chunk_pool.wgsl`.

use crate::kernels::chunk_lists::{LIST_WORDS, List, WINDOWS};
use crate::kernels::chunk_pool::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let words = call.lists;
    let stores: [&[f32]; WINDOWS] = [call.store_0, call.store_1, call.store_2, call.store_3];
    let width = p.width as usize;
    let lists: &[List] = bytemuck::cast_slice(&words[..(p.work / (p.width / 16) * LIST_WORDS) as usize]);
    let out = call.out;
    let mut sum = vec![0.0f32; width];
    for list in lists {
        let out = &mut out[list.out as usize..][..width];
        let mut begin = list.begin;
        for (window, (store, end)) in stores.iter().zip(list.ends).enumerate() {
            sum.fill(0.0);
            for entry in (begin..end).step_by(list.step as usize) {
                let chunk = &store[words[entry as usize] as usize * width..][..width];
                sum.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
            }
            for (out, sum) in out.iter_mut().zip(&sum) {
                let pooled = sum / list.divisor as f32;
                *out = if window == 0 && p.initial == 1 { pooled } else { *out + pooled };
            }
            begin += p.entries;
        }
    }
}
