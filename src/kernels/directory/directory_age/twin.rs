//! Twin of `directory_age.wgsl`.

use crate::kernels::directory_age::View;

pub(crate) fn run(call: View<'_>) {
    call.counters[..call.params.len as usize].iter_mut().for_each(|counter| *counter /= 2);
}
