//! Twin of `dense_update.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::dense_update::{OPTIMIZERS, Params, View};
use crate::kernels::dense_update::{adagrad, adam, sgd};

/// Elements that one task takes.
const ELEMENTS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let len = p.quads as usize * 4;
    let grad = &call.grad[..len];
    let weights = &mut call.weights[..len];
    let (_, values) = OPTIMIZERS[call.variant];
    let state = &mut call.state[..len * values];
    match values {
        0 => update(&p, grad, weights, [], sgd::update),
        1 => update(&p, grad, weights, [state], adagrad::update),
        _ => {
            let (m, v) = state.split_at_mut(len);
            update(&p, grad, weights, [m, v], adam::update);
        }
    }
}

/// One step of the optimizer whose formula is `step`, with `N` values of state for an element.
#[inline(always)]
fn update<const N: usize>(
    p: &Params,
    grad: &[f32],
    weights: &mut [f32],
    state: [&mut [f32]; N],
    step: impl Fn(&Params, &mut [f32], &[f32], [&mut [f32]; N]) + Sync,
) {
    let mut chunks = state.map(|values| values.chunks_mut(ELEMENTS));
    let states: Vec<[&mut [f32]; N]> = (0..weights.len().div_ceil(ELEMENTS))
        .map(|_| chunks.each_mut().map(|chunks| chunks.next().unwrap_or_default()))
        .collect();
    let tasks = weights.chunks_mut(ELEMENTS).zip(grad.chunks(ELEMENTS)).zip(states);
    parallel::each(tasks, &|((weights, grad), state)| {
        vectorised(
            #[inline(always)]
            || step(p, weights, grad, state),
        );
    });
}
