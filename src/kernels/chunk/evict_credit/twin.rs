//! Twin of `evict_credit.wgsl`.

use rayon::prelude::*;

use crate::cpu::powers::{exp_2, log_2, power};
use crate::kernels::evict_credit::{DISTANCE, UTILITY, View, WORD};
use crate::kernels::feature::NONE;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (row_ids, touch, utility) = (call.row_ids, call.touch, call.utility);
    let credit = &mut call.credit[..p.len as usize];
    let rows = touch.par_chunks(p.words as usize).zip(utility.par_chunks(p.chunks as usize)).zip(row_ids);
    credit.par_iter_mut().zip(rows).with_min_len(1024).for_each(|(credit, ((touch, utility), &id))| {
        if id == 0 {
            *credit = NONE;
            return;
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
    });
}
