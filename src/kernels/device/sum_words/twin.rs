//! Twin of `sum_words.wgsl`.

use crate::cpu::parallel;
use crate::kernels::sum_words::{QUADS, View};

pub(crate) fn run(call: View<'_>) {
    let source = &call.source[..call.params.quads as usize];
    let sums = &mut call.sums[..call.params.groups as usize];
    parallel::pieces(sums, 1, &|group, sum: &mut [u32]| {
        let words = source.chunks(QUADS as usize).nth(group).unwrap_or(&[]);
        sum[0] = words.as_flattened().iter().fold(0, |sum, word| sum.wrapping_add(*word));
    });
}
