//! Twin of `directory_admit.wgsl`.

use crate::cpu::directory::{Bucket, insert};
use crate::kernel::Call;
use crate::kernels::directory_admit::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (new_ids, total, counts) = (call.read::<u32>(0), call.read::<u32>(1)[0], call.read::<u32>(2));
    let left = &call.read::<u32>(3)[..counts[1] as usize];
    let directory = &mut call.write::<Bucket>(4)[..p.buckets as usize];
    let (row_ids, new_rows) = (call.write::<u32>(5), call.write::<[u32; 2]>(6));
    let rows = left.iter().rev().copied().chain(counts[0]..p.capacity);
    let new_ids = &new_ids[..total.min(p.len) as usize];
    for ((&id, row), new_row) in new_ids.iter().zip(rows).zip(new_rows) {
        row_ids[row as usize] = id;
        *new_row = [row, id];
        insert(directory, id, row);
    }
}
