//! Twin of `check_rows.wgsl`.

use crate::kernels::check_rows::View;
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let status = call.status;
    let rows = &call.rows[..p.len as usize];
    let total = &mut call.total[0];
    for (i, &row) in (0..).zip(rows) {
        if row == NONE {
            continue;
        }
        let i_before = (i as usize).checked_sub(1);
        if row >= p.table_rows || i_before.is_some_and(|before| rows[before] >= row) {
            status.bad_offset = status.bad_offset.min(i);
        }
        if rows.get(i as usize + 1).is_none_or(|&next| next == NONE) {
            *total = i + 1;
        }
    }
}
