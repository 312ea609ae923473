//! Twin of `activation_range.wgsl`.

use crate::cpu::key_range::float_key;
use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::activation_range::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (cols, stride) = (p.cols as usize, p.input_stride as usize);
    let x = &call.input[p.input_base as usize..][..(p.rows as usize - 1) * stride + cols];
    let keys = &mut call.keys[p.first as usize..];
    parallel::each(keys.iter_mut().zip(x.chunks(stride * p.group_rows as usize)), &|(pair, rows)| {
        *pair = vectorised(
            #[inline(always)]
            || {
                rows.chunks(stride).fold([u32::MAX, 0], |pair, row| {
                    row[..cols].iter().fold(pair, |[low, high], &value| {
                        let key = float_key(value);
                        [low.min(key), high.max(key)]
                    })
                })
            },
        );
    });
}
