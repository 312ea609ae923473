//! Twin of `check_rows.wgsl`.

use crate::kernel::Call;
use crate::kernels::check_rows::Params;
use crate::kernels::feature::{NONE, Status};

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let status = &mut call.write::<Status>(0)[0];
    let rows = &call.read::<u32>(1)[..p.len as usize];
    let total = &mut call.write::<u32>(2)[0];
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
