//! Twin of `evict_protect.wgsl`.

use crate::kernel::Call;
use crate::kernels::evict_protect::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let rows = &call.read::<u32>(0)[p.first as usize..][..p.len as usize];
    let credit = call.write::<u32>(1);
    for &row in rows.iter().filter(|&&row| row != NONE) {
        credit[row as usize] = NONE;
    }
}
