//! Twin of `directory_insert.wgsl`.

use crate::kernels::directory::bucket::insert;
use crate::kernels::directory_insert::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let row_ids = &call.row_ids[..p.len as usize];
    let directory = &mut call.places[..p.buckets as usize];
    for (&id, row) in row_ids.iter().zip(0..) {
        if id != 0 {
            insert(directory, id, row);
        }
    }
}
