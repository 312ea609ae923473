//! Twin of `join_status.wgsl`.

use crate::kernels::join_status::View;

pub(crate) fn run(call: View<'_>) {
    let refused = call.status.refused();
    if refused {
        call.joined.bad_position = 0;
    }
}
