//! Twin of `chunk_utility.wgsl`.

use super::powers::power;
use crate::kernel::Call;
use crate::kernels::chunk_utility::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (rows, total) = (call.read::<u32>(0), call.read::<u32>(1)[0]);
    let (sums, occurrences) = (call.read::<f32>(2), call.read::<u32>(3));
    let utility = &mut call.write::<f32>(4)[p.first_chunk as usize..];
    let stamps = &mut call.write::<u32>(5)[p.first_row as usize..];
    let (chunks, width) = (p.chunks as usize, p.width as usize);
    let count = total.min(p.len) as usize;
    for (i, &row) in rows[..count].iter().enumerate() {
        let row = row as usize;
        let factor = match p.exponent {
            0 => 1.0,
            1 => (occurrences[i] as f32).sqrt(),
            _ => occurrences[i] as f32,
        };
        let left = power(p.decay, p.step - stamps[row]);
        stamps[row] = p.step;
        let sums = sums[i * chunks * width..][..chunks * width].chunks(width);
        for (utility, sums) in utility[row * chunks..].iter_mut().zip(sums) {
            let mut sum = 0.0;
            for g in sums {
                sum += g * g;
            }
            *utility = *utility * left + factor * f32::sqrt(sum);
        }
    }
}
