//! Twin of `chunk_pool.wgsl`.

use crate::kernel::Call;
use crate::kernels::chunk_lists::{LIST_WORDS, List, WINDOWS};
use crate::kernels::chunk_pool::Params;
use crate::kernels::feature::Status;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    if call.read::<Status>(0)[0].refused() {
        return;
    }
    let words = call.read::<u32>(1);
    let stores: [&[f32]; WINDOWS] = std::array::from_fn(|window| call.read(2 + window));
    let width = p.width as usize;
    let lists: &[List] = bytemuck::cast_slice(&words[..(p.work / (p.width / 16) * LIST_WORDS) as usize]);
    let out = call.write::<f32>(6);
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
