//! Twin of `directory_admit.wgsl`.

use crate::kernels::directory::bucket::insert;
use crate::kernels::directory_admit::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (new_ids, total, counts) = (call.new_ids, call.total[0], call.counts);
    let left = &call.left[..counts[1] as usize];
    let directory = &mut call.places[..p.buckets as usize];
    let (row_ids, new_rows) = (call.row_ids, call.new_rows);
    let rows = left.iter().rev().copied().chain(counts[0]..p.capacity);
    let new_ids = &new_ids[..total.min(p.len) as usize];
    for ((&id, row), new_row) in new_ids.iter().zip(rows).zip(new_rows) {
        row_ids[row as usize] = id;
        *new_row = [row, id];
        insert(directory, id, row);
    }
}
