//! Twin of `directory_count.wgsl`.

use crate::kernel::Call;
use crate::kernels::directory_count::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let total = call.read::<u32>(0)[0];
    let counts = call.write::<u32>(1);
    let admitted = total.min(p.capacity - counts[0]);
    counts[0] += admitted;
    counts[1] += total - admitted;
}
