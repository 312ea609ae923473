//! Twin of `directory_leave.wgsl`.

use crate::kernels::directory_leave::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (credit, rows) = (call.credit, call.rows);
    let (row_ids, left, gone) = (call.row_ids, call.left, call.gone);
    let left = &mut left[p.before as usize..];
    gone[0] = 0;
    let leaving = credit[..p.len as usize].iter().zip(rows).take_while(|(credit, _)| **credit != NONE);
    for ((_, &row), left) in leaving.zip(left) {
        row_ids[row as usize] = 0;
        *left = row;
        gone[0] += 1;
    }
}
