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

/// Logits that one task takes.
const LOGITS: usize = 256;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let (rows, cols) = (p.rows as usize, p.cols as usize);
    let (of_loss, of_grad) = (p.loss_stride as usize, p.grad_stride as usize);
    let many = LOGITS.div_ceil(cols);
    let loss = call.loss[p.loss_base as usize..].chunks_mut(of_loss * many);
    let grad = call.grad[p.grad_base as usize..].chunks_mut(of_grad * many);
    let row_of = |values, base: u32, stride: u32, row: usize, cols| {
        let values: &[f32] = values;
        &values[base as usize + row * stride as usize..][..cols]
    };
    let tasks = loss.zip(grad).take(rows.div_ceil(many)).enumerate();
    parallel::each(tasks, &|(task, (loss, grad))| {
        let outs = loss.chunks_mut(of_loss).zip(grad.chunks_mut(of_grad));
        for (row, (loss, grad)) in (task * many..rows).zip(outs.take(many)) {
            let logits = row_of(call.logits, p.logits_base, p.logits_stride, row, cols);
            let labels = row_of(call.labels, p.labels_base, p.labels_stride, row, cols);
            let weights =
                row_of(call.weights, p.weights_base, p.weights_stride, row, p.weights_cols as usize);
            for (column, (&z, &y)) in logits.iter().zip(labels).enumerate() {
                let weight = weights.get(column).or(weights.last()).copied().unwrap_or(1.0);
                loss[column] = weight * loss_of(z, y);
                grad[column] = weight * ((sigmoid(z) - y) * p.scale);
            }
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
