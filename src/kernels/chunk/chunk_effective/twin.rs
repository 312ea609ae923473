//! Twin of `chunk_effective.wgsl`.

use crate::cpu::parallel;
use crate::cpu::powers::power;
use crate::kernels::chunk_effective::View;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (len, chunks) = (p.len as usize, p.chunks as usize);
    let utility = &call.utility[..len];
    let (touch, row_ids) = (call.touch, call.row_ids);
    let out = &mut call.out[p.out_first as usize..][..len];
    let (words, of_task) = (p.words as usize, chunks * ROWS);
    let rows = touch.chunks(words * ROWS).zip(row_ids.chunks(ROWS));
    let tasks = out.chunks_mut(of_task).zip(utility.chunks(of_task)).zip(rows);
    parallel::each(tasks, &|((out, utility), (touch, ids))| {
        let rows = touch.chunks_exact(words).zip(ids);
        for ((out, utility), (touch, &id)) in out.chunks_mut(chunks).zip(utility.chunks(chunks)).zip(rows) {
            if id == 0 {
                out.fill(-1.0);
                continue;
            }
            let left = power(p.decay, p.step.wrapping_sub(touch[0]));
            for (out, utility) in out.iter_mut().zip(utility) {
                *out = utility * left;
            }
        }
    });
}
