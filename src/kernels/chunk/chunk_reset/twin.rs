//! Twin of `chunk_reset.wgsl`.

use crate::cpu::random::uniform_value;
use crate::kernel::Call;
use crate::kernels::chunk_reset::Params;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let fresh = call.read::<[u32; 4]>(0);
    let count = call.read::<u32>(1)[0].min(p.len) as usize;
    let (weights, state) = (call.write::<f32>(2), call.write::<u32>(3));
    for &[slot, id, chunk, table] in &fresh[..count] {
        let slot = slot.wrapping_sub(p.first_slot);
        if slot >= p.slots {
            continue;
        }
        let weights = &mut weights[(p.base + slot * p.width) as usize..][..p.width as usize];
        for (weight, column) in weights.iter_mut().zip(chunk * p.width..) {
            *weight = uniform_value(p.seed.wrapping_add(table), id, column, p.scale);
        }
        state[(p.state_base + slot * p.state_width) as usize..][..p.state_width as usize].fill(0);
    }
}
