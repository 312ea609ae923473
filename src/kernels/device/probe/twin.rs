//! Twin of `probe.wgsl`.

use crate::kernels::probe::View;

pub(crate) fn run(call: View<'_>) {
    let values = call.values;
    values[0] *= values[1];
    values[2] *= values[3];
}
