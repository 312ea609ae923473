//! Twin of `select_digit.wgsl`.

use crate::kernels::select_digit::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let counts = call.counts;
    let found = call.found;
    let mut rank = found[1];
    let digit = counts[..256].iter().position(|&count| {
        let here = rank < count;
        rank -= if here { 0 } else { count };
        here
    });
    // there are 256 digits
    found[0] |= digit.and_then(|digit| u32::try_from(digit).ok()).unwrap_or(255) << p.shift;
    found[1] = rank;
    counts[..256].fill(0);
}
