//! Twin of `evict_credit.wgsl`.

use crate::cpu::parallel;
use crate::cpu::powers::{exp_2, log_2, power};
use crate::kernels::evict_credit::{DISTANCE, UTILITY, View, WORD};
use crate::kernels::feature::NONE;

/// Rows that one task takes.
const ROWS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (row_ids, touch, utility) = (call.row_ids, call.touch, call.utility);
    let credit = &mut call.credit[..p.len as usize];
    let (words, chunks) = (p.words as usize, p.chunks as usize);
    let rows = touch.chunks(words * ROWS).zip(utility.chunks(chunks * ROWS)).zip(row_ids.chunks(ROWS));
    parallel::each(credit.chunks_mut(ROWS).zip(rows), &|(credit, ((touch, utility), ids))| {
        let rows = touch.chunks(words).zip(utility.chunks(chunks)).zip(ids);
        for (credit, ((touch, utility), &id)) in credit.iter_mut().zip(rows) {
            if id == 0 {
                *credit = NONE;
                continue;
            }
            let since = p.step.wrapping_sub(touch[0]);
            let own = match p.policy {
                WORD => touch[1],
                DISTANCE => {
                    let age = since.saturating_add(1) as f32;
                    (touch[1] as f32 * exp_2(-(p.power * log_2(age)).min(126.0))).to_bits()
                }
                UTILITY => {
                    let mut sum = 0.0;
                    for &utility in utility {
                        sum += utility;
                    }
                    (sum * power(p.decay, since)).to_bits()
                }
                _ => touch[0],
            };
            *credit = own.min(NONE - 1);
        }
    });
}
