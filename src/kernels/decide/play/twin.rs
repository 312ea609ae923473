//! Twin of `play.wgsl`.

use crate::cpu::parallel;
use crate::cpu::random::random_word;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::play::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let places = Places::new(call.places, p.actions);
    let (policy, moves, leader) = (call.policy, call.moves, call.leader);
    let is_led = p.leader_actions > 0;
    let paths = columns(call.path, layers, instances);
    parallel::each(paths.zip(blocks(instances)), &|(mut path, block)| {
        for (i, instance) in block.enumerate() {
            let drawn =
                |draw: u32| (random_word(p.seed, narrow(instance), draw) >> 8) as f32 * (1.0 / 16_777_216.0);
            let at = |matrix: &[f32], row: usize| matrix[row * instances + instance];
            let mut state = 0;
            for k in 0..layers {
                if is_led {
                    state = (leader[k * instances + instance] / p.leader_actions) as usize;
                }
                let draw = p.episode.wrapping_mul(p.layers).wrapping_add(narrow(k)).wrapping_mul(2);
                let first = places.first_pair(k) + state * places.actions;
                let action = chosen(drawn(draw), places.actions, |action| at(policy, first + action));
                let pair = state * places.actions + action;
                path.row(k)[i] = narrow(pair);
                if !is_led {
                    let next = places.states(k + 1);
                    let first = places.first_move(k) + pair * next;
                    state = chosen(drawn(draw.wrapping_add(1)), next, |y| at(moves, first + y));
                }
            }
        }
    });
}

/// The first that, with those before it, is likelier than `left`; the last if rounding leaves none.
fn chosen(mut left: f32, count: usize, likely: impl Fn(usize) -> f32) -> usize {
    left -= likely(0);
    let mut at = 0;
    while left >= 0.0 && at + 1 < count {
        at += 1;
        left -= likely(at);
    }
    at
}
