//! Twin of `bce.wgsl`.

use crate::cpu::parallel;
use crate::cpu::sigmoid::sigmoid;
use crate::kernels::bce::View;

/// `log(1 + t)` for `t` in `0..=1`, as in the shader.
fn log_1p(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let q = s * s;
    let odd = [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0];
    2.0 * s * odd.into_iter().fold(1.0 / 15.0, |sum, n| sum * q + 1.0 / n)
}

/// The loss of a logit. An infinite one is right about its label or infinitely wrong: there are no
/// differences of infinities.
fn loss_of(z: f32, y: f32) -> f32 {
    if z.is_infinite() {
        let wrong = if z > 0.0 { 1.0 - y } else { -y };
        return if wrong == 0.0 { 0.0 } else { z * wrong };
    }
    z.max(0.0) - z * y + log_1p((-z.abs()).exp())
}

/// Examples that one task takes.
const ROWS: usize = 256;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let rows = p.rows as usize;
    let [of_logits, of_labels, of_loss, of_grad] =
        [p.logits_stride, p.labels_stride, p.loss_stride, p.grad_stride].map(|stride| stride as usize);
    let logits = call.logits[p.logits_base as usize..].chunks(of_logits * ROWS);
    let labels = call.labels[p.labels_base as usize..].chunks(of_labels * ROWS);
    let loss = call.loss[p.loss_base as usize..].chunks_mut(of_loss * ROWS);
    let grad = call.grad[p.grad_base as usize..].chunks_mut(of_grad * ROWS);
    let tasks = logits.zip(labels).zip(loss).zip(grad).take(rows.div_ceil(ROWS)).enumerate();
    parallel::each(tasks, &|(task, (((logits, labels), loss), grad))| {
        let examples = logits.chunks(of_logits).zip(labels.chunks(of_labels));
        let outs = loss.chunks_mut(of_loss).zip(grad.chunks_mut(of_grad));
        for ((logit, label), (loss, grad)) in examples.zip(outs).take(rows - task * ROWS) {
            let (z, y) = (logit[0], label[0]);
            loss[0] = loss_of(z, y);
            grad[0] = (sigmoid(z) - y) * p.scale;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::log_1p;

    #[test]
    #[allow(clippy::cast_possible_truncation, reason = "the argument is an f32")]
    fn log_1p_is_exact_to_two_units() {
        for i in 0..=100_000 {
            let t = (-(f64::from(i) / 2000.0)).exp() as f32;
            let expected = f64::from(t).ln_1p();
            let error = (f64::from(log_1p(t)) - expected).abs() / expected;
            assert!(error < 2.5e-7, "{t}: {error:e}");
        }
        assert_eq!(log_1p(0.0), 0.0);
    }
}
