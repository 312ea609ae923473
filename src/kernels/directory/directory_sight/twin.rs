//! Twin of `directory_sight.wgsl`.

use crate::cpu::directory::counters_of;
use crate::kernel::Call;
use crate::kernels::directory_sight::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let unknown = &call.read::<u32>(0)[..p.len as usize];
    let counters = call.write::<u32>(1);
    for &id in unknown.iter().filter(|&&id| id != NONE) {
        for counter in counters_of(id, p.width) {
            counters[counter] = counters[counter].saturating_add(1);
        }
    }
}
