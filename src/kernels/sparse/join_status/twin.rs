//! Twin of `join_status.wgsl`.

use crate::kernel::Call;
use crate::kernels::feature::Status;

pub(crate) fn run(mut call: Call<'_>) {
    let refused = call.read::<Status>(0)[0].refused();
    if refused {
        call.write::<Status>(1)[0].bad_position = 0;
    }
}
