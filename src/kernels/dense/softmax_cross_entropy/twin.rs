//! Twin of `softmax_cross_entropy.wgsl`.

use std::f32::consts::{LN_2, LOG2_E};

use crate::cpu::parallel;
use crate::cpu::powers::{exp_2_or_zero, log_2};
use crate::cpu::row_sum::row_total;
use crate::cpu::simd::vectorised;
use crate::kernels::softmax_cross_entropy::View;

/// Logits that one task takes.
const LOGITS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols) = (p.rows as usize, p.cols as usize);
    let (of_loss, of_grad) = (p.loss_stride as usize, p.grad_stride as usize);
    let many = LOGITS.div_ceil(cols);
    let loss = call.loss[p.loss_base as usize..].chunks_mut(of_loss * many);
    let grad = call.grad[p.grad_base as usize..].chunks_mut(of_grad * many);
    let (targets, groups) = call.marks.split_at(rows);
    let log_q = &call.log_q[p.log_q_base as usize..];
    let tasks = loss.zip(grad).take(rows.div_ceil(many)).enumerate();
    parallel::each(tasks, &|(task, (loss, grad))| {
        let mut scores = vec![0.0; cols];
        let outs = loss.chunks_mut(of_loss).zip(grad.chunks_mut(of_grad));
        for (row, (loss, grad)) in (task * many..rows).zip(outs.take(many)) {
            let target = targets[row] as usize;
            let logits = &call.logits[p.logits_base as usize + row * p.logits_stride as usize..][..cols];
            let weight = match p.weighted {
                1 => call.weights[p.weights_base as usize + row * p.weights_stride as usize],
                _ => 1.0,
            };
            vectorised(
                #[inline(always)]
                || {
                    scores.copy_from_slice(logits);
                    if p.corrected == 1 {
                        scores.iter_mut().zip(log_q).for_each(|(score, log_q)| *score -= log_q);
                    }
                    if p.grouped == 1 {
                        let of_target = scores[target];
                        for (score, group) in scores.iter_mut().zip(groups) {
                            *score = if *group == groups[target] { f32::NEG_INFINITY } else { *score };
                        }
                        scores[target] = of_target;
                    }
                    let most = scores.iter().fold(f32::MIN, |most, &score| most.max(score));
                    let of_target = scores[target] - most;
                    for score in &mut scores {
                        *score = exp_2_or_zero((*score - most) * LOG2_E);
                    }
                    let sum = row_total(&scores);
                    let log_sum = if sum.is_finite() { log_2(sum) * LN_2 } else { sum };
                    // rows that are left out may hold anything
                    if weight == 0.0 {
                        loss[0] = 0.0;
                        grad[..cols].fill(0.0);
                        return;
                    }
                    loss[0] = weight * (log_sum - of_target);
                    let factor = weight * p.scale;
                    for (column, (grad, share)) in grad.iter_mut().zip(&scores).enumerate() {
                        let one = if column == target { 1.0 } else { 0.0 };
                        *grad = factor * (share / sum - one);
                    }
                },
            );
        }
    });
}
