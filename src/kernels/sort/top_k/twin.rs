//! Twin of `top_k.wgsl`.

use std::cmp::Reverse;

use crate::cpu::parallel;
use crate::kernels::top_k::View;

/// A float as an integer of the same order; -0 is 0, and a NaN is larger than all others.
pub(crate) fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    let size = bits & 0x7fff_ffff;
    if size > 0x7f80_0000 {
        u32::MAX
    } else if bits > 0x8000_0000 {
        !bits
    } else {
        0x8000_0000 | size
    }
}

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (cols, k, stride) = (p.cols as usize, p.k as usize, p.out_stride as usize);
    let outs = call.out_values.chunks_mut(stride).zip(call.out_columns.chunks_mut(stride));
    parallel::each(outs.take(p.rows as usize).enumerate(), &|(row, (out_values, out_columns))| {
        let values = &call.values[p.values_base as usize + row * p.values_stride as usize..][..cols];
        let listed = call.columns.get(row * cols..(row + 1) * cols);
        let mut to = out_values.iter_mut().zip(out_columns);
        for (first, values) in (0..).step_by(p.part as usize).zip(values.chunks(p.part as usize)) {
            let mut pairs: Vec<(Reverse<u32>, u32)> =
                values.iter().zip(0..).map(|(value, i)| (Reverse(ordered(*value)), i)).collect();
            if k < pairs.len() {
                pairs.select_nth_unstable(k - 1);
                pairs.truncate(k);
            }
            pairs.sort_unstable_by_key(|&(_, i)| i);
            for ((_, i), (value, column)) in pairs.into_iter().zip(&mut to) {
                *value = values[i as usize];
                *column = match listed {
                    Some(listed) if p.listed == 1 => listed[first + i as usize],
                    _ => u32::try_from(first).unwrap_or(u32::MAX) + i,
                };
            }
        }
    });
}
