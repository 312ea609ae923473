//! Twin of `dense_update.wgsl`.

use rayon::prelude::*;

use super::dense_optimizer::{adagrad, adam, sgd};
use super::simd::vectorised;
use crate::kernel::Call;
use crate::kernels::dense_update::{OPTIMIZERS, Params};

/// Elements that one task takes.
const ELEMENTS: usize = 4096;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let len = p.quads as usize * 4;
    let grad = &call.read::<f32>(0)[..len];
    let weights = &mut call.write::<f32>(1)[..len];
    let (_, values) = OPTIMIZERS[call.variant];
    let state = &mut call.write::<f32>(2)[..len * values];
    match values {
        0 => update(&p, grad, weights, [], sgd::updated),
        1 => update(&p, grad, weights, [state], adagrad::updated),
        _ => {
            let (m, v) = state.split_at_mut(len);
            update(&p, grad, weights, [m, v], adam::updated);
        }
    }
}

/// One step of the optimizer whose formula is `updated`, with `N` values of state for an element.
#[inline(always)]
fn update<const N: usize>(
    p: &Params,
    grad: &[f32],
    weights: &mut [f32],
    state: [&mut [f32]; N],
    updated: impl Fn(&Params, f32, f32, [&mut f32; N]) -> f32 + Sync,
) {
    let tasks = weights.len().div_ceil(ELEMENTS);
    let mut states: Vec<[&mut [f32]; N]> = Vec::with_capacity(tasks);
    let mut chunks = state.map(|values| values.chunks_mut(ELEMENTS));
    for _ in 0..tasks {
        states.push(chunks.each_mut().map(|chunks| chunks.next().unwrap_or_default()));
    }
    weights.par_chunks_mut(ELEMENTS).zip(grad.par_chunks(ELEMENTS)).zip(states).for_each(
        |((weights, grad), mut state)| {
            vectorised(
                #[inline(always)]
                || {
                    for values in &mut state {
                        *values = &mut std::mem::take(values)[..weights.len()];
                    }
                    for (i, (w, g)) in weights.iter_mut().zip(grad).enumerate() {
                        *w = updated(p, *w, *g + *w * p.l2, state.each_mut().map(|values| &mut values[i]));
                    }
                },
            );
        },
    );
}
