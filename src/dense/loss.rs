//! The loss.

use super::plan::{record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::bce;
use crate::{Matrix, Recorder, Result};

/// Records binary cross-entropy with logits, as `torch.nn.BCEWithLogitsLoss`: the loss of each example, and
/// the gradient of their mean.
///
/// All are `[batch, 1]`, and may be columns of wider matrices. `loss = max(z, 0) - z y + log(1 + exp(-|z|))`,
/// `grad = (sigmoid(z) - y) / batch` for logit `z` and label `y`, from 0 to 1.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a shape does not fit.
pub fn record_bce_with_logits(
    rec: &mut Recorder,
    logits: &Matrix,
    labels: &Matrix,
    loss: &Matrix,
    grad: &Matrix,
) -> Result<()> {
    let batch = logits.rows();
    logits.check_shape("logits", batch, 1)?;
    labels.check_shape("labels", batch, 1)?;
    loss.check_shape("loss", batch, 1)?;
    grad.check_shape("grad", batch, 1)?;
    let ctx = rec.context().clone();
    let mut all = Vec::new();
    for rows in row_chunks(&ctx, &[logits, labels, loss, grad]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (logits, labels) = (place("logits", logits)?, place("labels", labels)?);
        let (loss, grad) = (place("loss", loss)?, place("grad", grad)?);
        let params = bce::Params {
            rows: word("rows", rows.len())?,
            logits_base: logits.base,
            logits_stride: logits.stride,
            labels_base: labels.base,
            labels_stride: labels.stride,
            loss_base: loss.base,
            loss_stride: loss.stride,
            grad_base: grad.base,
            grad_stride: grad.stride,
            scale: 1.0 / batch as f32,
        };
        let bindings = bce::Bindings {
            logits: logits.binding,
            labels: labels.binding,
            loss: loss.binding,
            grad: grad.binding,
        };
        all.push(Dispatch::threads(0, &params, bindings, params.rows));
    }
    record(rec, all);
    Ok(())
}
