//! Twin of `probe.wgsl`.

use crate::kernel::Call;

pub(crate) fn run(mut call: Call<'_>) {
    let values = call.write::<f32>(0);
    values[0] *= values[1];
    values[2] *= values[3];
}
