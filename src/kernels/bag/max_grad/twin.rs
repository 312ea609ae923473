//! Twin of `max_grad.wgsl`.

use crate::cpu::parallel;
use crate::kernels::max_grad::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let (offsets, places, grad) = (call.offsets, call.places, call.grad);
    let out = &mut call.out[..p.values as usize];
    let dim = p.dim as usize;
    let offsets = &offsets[p.first_bag as usize..][..=p.bags as usize];
    parallel::pieces(out, dim, &|k, out| {
        // positions fit the `u32` that counts them
        let position = offsets[0].saturating_add(narrow(k));
        let bag = offsets[..p.bags as usize].partition_point(|&begin| begin <= position).saturating_sub(1);
        let grad = &grad[p.grad_base as usize + bag * p.grad_stride as usize..][..dim];
        for ((out, grad), &place) in out.iter_mut().zip(grad).zip(&places[bag * dim..]) {
            *out = if place == position { *grad } else { 0.0 };
        }
    });
}
