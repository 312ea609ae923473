//! Twin of `max_grad.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::feature::Status;
use crate::kernels::max_grad::Params;
use crate::numbers::narrow;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    if call.read::<Status>(0)[0].refused() {
        return;
    }
    let (offsets, places, grad) = (call.read::<u32>(1), call.read::<u32>(2), call.read::<f32>(3));
    let out = &mut call.write::<f32>(4)[..p.values as usize];
    let dim = p.dim as usize;
    let offsets = &offsets[p.first_bag as usize..][..=p.bags as usize];
    out.par_chunks_mut(dim).enumerate().for_each(|(k, out)| {
        // positions fit the `u32` that counts them
        let position = offsets[0].saturating_add(narrow(k));
        let bag = offsets[..p.bags as usize].partition_point(|&begin| begin <= position).saturating_sub(1);
        let grad = &grad[p.grad_base as usize + bag * p.grad_stride as usize..][..dim];
        for ((out, grad), &place) in out.iter_mut().zip(grad).zip(&places[bag * dim..]) {
            *out = if place == position { *grad } else { 0.0 };
        }
    });
}
