//! Twin of `chunk_utility.wgsl`.

use crate::cpu::norm::SMALL;
use crate::cpu::parallel;
use crate::cpu::powers::power;
use crate::cpu::split::split_at_all;
use crate::kernels::chunk_utility::View;

/// Rows of a task.
const ROWS: usize = 512;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (chunks, width, words) = (p.chunks as usize, p.width as usize, p.words as usize);
    let count = call.total[0].min(p.len) as usize;
    let rows = &call.rows[..count];
    let (sums, occurrences) = (call.sums, call.occurrences);
    let (utility, touch) = (call.utility, call.touch);
    // rows ascend: cut where the first row of each task but the first begins
    let firsts = || rows.chunks(ROWS).skip(1).map(|rows| rows[0] as usize);
    let (all, ends) = (utility.len(), touch.len());
    let utilities = split_at_all(utility, firsts().map(|row| row * chunks).chain([all]));
    let touches = split_at_all(touch, firsts().map(|row| row * words).chain([ends]));
    let tasks = rows.chunks(ROWS).zip(utilities).zip(touches).enumerate();
    parallel::each(tasks, &|(task, ((rows, utility), touch))| {
        let before = if task == 0 { 0 } else { rows[0] as usize };
        for (i, &row) in (task * ROWS..).zip(rows) {
            let row = row as usize - before;
            let factor = match p.exponent {
                0 => 1.0,
                1 => (occurrences[i] as f32).sqrt(),
                _ => occurrences[i] as f32,
            };
            let touch = &mut touch[row * words..][..words];
            let left = power(p.decay, p.step.wrapping_sub(touch[0]));
            touch[0] = p.step;
            if p.counting == 1 {
                touch[1] = touch[1].saturating_add(occurrences[i]);
            }
            let sums = sums[i * chunks * width..][..chunks * width].chunks(width);
            for (utility, sums) in utility[row * chunks..].iter_mut().zip(sums) {
                let earned = factor * norm(sums);
                // what is not finite would be the utility for ever
                *utility = *utility * left + if earned.is_finite() { earned } else { 0.0 };
            }
        }
    });
}

/// The length of a chunk's gradient, whose columns are a multiple of four. Where the sum of its squares is
/// infinite, once more with smaller values.
#[inline(always)]
fn norm(values: &[f32]) -> f32 {
    let sum = squares(values, 1.0);
    if sum == f32::INFINITY { squares(values, SMALL).sqrt() / SMALL } else { sum.sqrt() }
}

/// The sum of the squares of values that are multiplied by `times` first.
#[inline(always)]
fn squares(values: &[f32], times: f32) -> f32 {
    let mut sums = [0.0f32; 4];
    for quad in values.as_chunks::<4>().0 {
        for (sum, g) in sums.iter_mut().zip(quad) {
            let g = g * times;
            *sum += g * g;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}
