//! Twin of `directory_count.wgsl`.

use crate::kernels::directory_count::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let total = call.total[0];
    let (counts, admitted) = (call.counts, call.admitted);
    let got = total.min(counts[1] + p.capacity - counts[0]);
    let again = got.min(counts[1]);
    counts[0] += got - again;
    counts[1] -= again;
    counts[2] += total - got;
    admitted[0] = got;
}
