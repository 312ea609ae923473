//! Twin of `directory_leave.wgsl`.

use crate::kernel::Call;
use crate::kernels::directory_leave::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (credit, rows) = (call.read::<u32>(0), call.read::<u32>(1));
    let (row_ids, left, gone) = (call.write::<u32>(2), call.write::<u32>(3), call.write::<u32>(4));
    let left = &mut left[p.before as usize..];
    gone[0] = 0;
    let leaving = credit[..p.len as usize].iter().zip(rows).take_while(|(credit, _)| **credit != NONE);
    for ((_, &row), left) in leaving.zip(left) {
        row_ids[row as usize] = 0;
        *left = row;
        gone[0] += 1;
    }
}
