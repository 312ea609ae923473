//! Twin of `chunk_positions.wgsl`.

use crate::kernels::chunk_positions::View;
use crate::kernels::feature::{NONE, PADDED};

pub(crate) fn run(call: View<'_>) {
    let positions = call.positions[..call.params.len as usize].iter_mut();
    for ((position, &row), place) in positions.zip(call.rows).zip(0..) {
        *position = if row == PADDED { NONE } else { place };
    }
}
