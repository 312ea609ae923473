//! Twin of `evict_protect.wgsl`.

use crate::kernels::evict_protect::View;
use crate::kernels::feature::{NONE, PADDED};

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let rows = &call.rows[p.first as usize..][..p.len as usize];
    let credit = call.credit;
    for &row in rows.iter().filter(|&&row| row < PADDED) {
        credit[row as usize] = NONE;
    }
}
