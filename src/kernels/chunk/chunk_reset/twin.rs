//! Twin of `chunk_reset.wgsl`.

use crate::cpu::format::{Format, with_format};
use crate::cpu::random::uniform_value;
use crate::kernels::chunk_reset::View;

pub(crate) fn run(call: View<'_>) {
    with_format!(call.params.store_type, format => with_weights(call, format));
}

fn with_weights<F: Format>(call: View<'_>, format: F) {
    let p = call.params;
    let fresh = call.fresh;
    let count = call.fresh_count[0].min(p.len) as usize;
    let (weights, state) = (bytemuck::cast_slice_mut::<u32, F::Element>(call.weights), call.state);
    for &[slot, id, chunk, table] in &fresh[..count] {
        let slot = slot.wrapping_sub(p.first_slot);
        if slot >= p.slots {
            continue;
        }
        let weights = &mut weights[(p.base + slot * p.width) as usize..][..p.width as usize];
        for (weight, column) in weights.iter_mut().zip(chunk * p.width..) {
            *weight = format.nearest(uniform_value(p.seed.wrapping_add(table), id, column, p.scale));
        }
        state[(p.state_base + slot * p.state_width) as usize..][..p.state_width as usize].fill(0);
    }
}
