//! Twin of `directory_insert.wgsl`.

use crate::cpu::directory::{Bucket, insert};
use crate::kernel::Call;
use crate::kernels::directory_insert::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let row_ids = &call.read::<u32>(0)[..p.len as usize];
    let directory = &mut call.write::<Bucket>(1)[..p.buckets as usize];
    for (&id, row) in row_ids.iter().zip(0..) {
        if id != 0 {
            insert(directory, id, row);
        }
    }
}
