//! Twin of `flow_within.wgsl`.

use super::twin::{Lanes, Task, Weights};
use crate::cpu::powers::{exp_2, log_2};
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{BLOCK, lanes};

/// Moves within a radius of the model's.
pub(super) struct Within;

/// Below every number that matters, and a normal one.
const TINY: f32 = f32::MIN_POSITIVE;

impl Weights for Within {
    fn rows(places: Places<'_>, layers: usize) -> [usize; 2] {
        [places.first_move(layers); 2]
    }

    #[inline(always)]
    fn begin(task: &mut Task<'_>) {
        for k in 0..task.p.layers as usize {
            let next = task.places.states(k + 1);
            let even = task.even(k);
            for pair in 0..task.places.pairs(k) {
                let at = task.places.first_pair(k) + pair;
                let last = task.last(at);
                let first = task.places.first_move(k) + pair * next;
                for moved in first..first + next {
                    let price = &task.price[at * task.p.instances as usize..][task.block.clone()];
                    let chosen = task.chosen.row(moved).iter().zip(&last).zip(price);
                    for (work, ((chosen, last), price)) in task.work.row(moved).iter_mut().zip(chosen) {
                        *work = log_2(last * chosen + even) + price;
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn share<'a>(task: &'a mut Task<'_>, moved: usize) -> &'a [f32] {
        task.chosen.row(moved)
    }

    #[inline(always)]
    fn weight(task: &mut Task<'_>, k: usize, pair: usize) -> Lanes {
        let next = task.places.states(k + 1);
        let moves = task.places.first_move(k) + pair * next;
        let at = task.places.first_pair(k) + pair;
        let mut most = [-3.4e38f32; BLOCK];
        for y in 0..next {
            let asked = asked(task, k, y, moves + y);
            most.iter_mut().zip(&asked).for_each(|(most, asked)| *most = most.max(*asked));
        }
        let mut sum = [0.0f32; BLOCK];
        for y in 0..next {
            let asked = asked(task, k, y, moves + y);
            let work = task.chosen.row(moves + y).iter_mut().zip(&asked).zip(&most).zip(&mut sum);
            for ((((wanted, asked), most), sum), active) in work.zip(&task.active) {
                *wanted = if *active { exp_2((asked - most).max(-100.0)) } else { *wanted };
                *sum += *wanted;
            }
        }
        let [above, below] = factors(task, moves..moves + next, at, &sum);
        let mut value = [0.0f32; BLOCK];
        for y in 0..next {
            let asked = asked(task, k, y, moves + y);
            let model = task.row(task.model, moves + y);
            let work = task.chosen.row(moves + y).iter_mut().zip(model).zip(&asked).zip(&most);
            let lanes = work.zip(above.iter().zip(&below)).zip(&mut value);
            for ((((((work, own), asked), most), (above, below)), value), active) in lanes.zip(&task.active) {
                let [up, down] = [*work * above, *work * below];
                let log_own =
                    if *own > 0.0 { asked - log_2(if *own > 0.0 { *own } else { 1.0 }) } else { 0.0 };
                let [log_up, log_down] = [most - log_2(*above), most - log_2(below.max(TINY))];
                let is_down = down < *own;
                let (chosen, log) = if is_down { (down, log_down) } else { (*own, log_own) };
                let (chosen, log) = if up > *own { (up, log_up) } else { (chosen, log) };
                *work = if *active { chosen } else { *work };
                *value += chosen * log;
            }
        }
        value
    }
}

/// The logarithm of what the anchor and the potentials ask for.
#[inline(always)]
fn asked(task: &mut Task<'_>, k: usize, y: usize, moved: usize) -> Lanes {
    let mut asked = lanes(task.work.row(moved));
    let potentials = task.potentials.row(task.places.first_state(k + 1) + y);
    asked.iter_mut().zip(potentials.iter()).for_each(|(asked, potential)| *asked += potential);
    asked
}

/// What is asked for times the first where that is above the model, times the second where it is below.
#[inline(always)]
fn factors(task: &mut Task<'_>, moves: std::ops::Range<usize>, at: usize, sum: &Lanes) -> [Lanes; 2] {
    let mut far = [0.0f32; BLOCK];
    for moved in moves.clone() {
        let model = task.row(task.model, moved);
        let lanes = far.iter_mut().zip(task.chosen.row(moved).iter()).zip(model).zip(sum);
        lanes.for_each(|(((far, wanted), own), sum)| *far += (wanted / sum - own).abs());
    }
    let all_moves = task.places.first_move(task.p.layers as usize);
    let radius = lanes(task.row(task.model, all_moves + at));
    let (mut above, mut below) = ([1.0f32; BLOCK], [1.0f32; BLOCK]);
    let lanes = above.iter_mut().zip(&mut below).zip(&radius).zip(&far).zip(sum);
    for ((((above, below), radius), far), sum) in lanes {
        let half = 0.5 * radius;
        let is_far = far > radius;
        *above = (if is_far { 1.0 + half } else { 1.0 }) / sum;
        *below = (if is_far { 1.0 - half } else { 1.0 }) / sum;
    }
    // more of the same steps leave what is solved as it is
    for _ in moves.clone() {
        let (mut up, mut down) = ([[0.0f32; BLOCK]; 2], [[0.0f32; BLOCK]; 2]);
        for (i, radius) in radius.iter().enumerate() {
            (up[0][i], down[0][i]) = (0.5 * radius, -0.5 * radius);
        }
        for moved in moves.clone() {
            let model = task.row(task.model, moved);
            let work = task.chosen.row(moved);
            for i in 0..work.len() {
                let (own, wanted) = (model[i], work[i]);
                let (is_up, is_down) = (wanted * above[i] > own, wanted * below[i] < own);
                up[0][i] += if is_up { own } else { 0.0 };
                up[1][i] += if is_up { wanted } else { 0.0 };
                down[0][i] += if is_down { own } else { 0.0 };
                down[1][i] += if is_down { wanted } else { 0.0 };
            }
        }
        for i in 0..BLOCK {
            let is_far = far[i] > radius[i];
            let nearer_above = if up[1][i] > 0.0 { up[0][i] / up[1][i].max(TINY) } else { above[i] };
            let nearer_below = if down[1][i] > 0.0 { down[0][i] / down[1][i].max(TINY) } else { below[i] };
            above[i] = if is_far { above[i].min(nearer_above) } else { above[i] };
            below[i] = if is_far { below[i].max(nearer_below) } else { below[i] };
        }
    }
    [above, below]
}
