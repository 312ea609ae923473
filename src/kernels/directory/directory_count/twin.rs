//! Twin of `directory_count.wgsl`.

use crate::kernel::Call;
use crate::kernels::directory_count::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let total = call.read::<u32>(0)[0];
    let (counts, admitted) = (call.write::<u32>(1), call.write::<u32>(2));
    let got = total.min(counts[1] + p.capacity - counts[0]);
    let again = got.min(counts[1]);
    counts[0] += got - again;
    counts[1] -= again;
    counts[2] += total - got;
    admitted[0] = got;
}
