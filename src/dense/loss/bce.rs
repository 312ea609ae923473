//! Binary cross-entropy.

use crate::dense::plan::{record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::bce;
use crate::{Error, Matrix, Recorder, Result};

/// Records binary cross-entropy with logits, as `torch.nn.BCEWithLogitsLoss`: the loss of each logit, and the
/// gradient of their mean.
///
/// All are of the same shape, `[batch, 1]` or `[batch, n]`, and may be columns of wider matrices. `loss =
/// max(z, 0) - z y + log(1 + exp(-|z|))`, `grad = (sigmoid(z) - y) / count` for logit `z`, label `y`, from 0
/// to 1, and the number of logits.
///
/// # Errors
/// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if one row is too large for
/// the device to bind.
pub fn record_bce_with_logits(
    rec: &mut Recorder,
    logits: &Matrix,
    labels: &Matrix,
    loss: &Matrix,
    grad: &Matrix,
) -> Result<()> {
    bce(rec, logits, labels, None, logits.rows(), loss, grad)
}

/// [`record_bce_with_logits`] with a weight for each row (`weights` of `[batch, 1]`) or each logit: losses are
/// multiplied by it, and so are gradients. As in torch, the mean still divides by the number of logits, not by
/// the sum of the weights.
///
/// # Errors
/// As [`record_bce_with_logits`].
pub fn record_weighted_bce_with_logits(
    rec: &mut Recorder,
    logits: &Matrix,
    labels: &Matrix,
    weights: &Matrix,
    loss: &Matrix,
    grad: &Matrix,
) -> Result<()> {
    bce(rec, logits, labels, Some(weights), logits.rows(), loss, grad)
}

/// [`record_bce_with_logits`] of some of a batch's rows, with weights or without: gradients are those of the mean over
/// `rows` rows, of which other ranks, or later calls, have the others.
///
/// # Errors
/// As [`record_bce_with_logits`], and [`Error::InvalidArgument`] if `rows` are fewer than those of `logits`.
pub fn record_part_bce_with_logits(
    rec: &mut Recorder,
    logits: &Matrix,
    labels: &Matrix,
    weights: Option<&Matrix>,
    rows: usize,
    loss: &Matrix,
    grad: &Matrix,
) -> Result<()> {
    if rows < logits.rows() {
        return Err(Error::invalid("rows", format!("at least {}, those of the logits", logits.rows()), rows));
    }
    bce(rec, logits, labels, weights, rows, loss, grad)
}

fn bce(
    rec: &mut Recorder,
    logits: &Matrix,
    labels: &Matrix,
    weights: Option<&Matrix>,
    mean_of: usize,
    loss: &Matrix,
    grad: &Matrix,
) -> Result<()> {
    let (batch, cols) = (logits.rows(), logits.cols());
    logits.check_f32("logits")?;
    for (name, matrix) in [("labels", labels), ("loss", loss), ("grad", grad)] {
        matrix.check_shape(name, batch, cols)?;
    }
    if let Some(weights) = weights {
        weights.check_f32("weights")?;
        if weights.rows() != batch || ![1, cols].contains(&weights.cols()) {
            let got = format!("{} x {}", weights.rows(), weights.cols());
            return Err(Error::invalid("weights", format!("{batch} x 1 or {batch} x {cols}"), got));
        }
    }
    if cols == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    // without weights the binding only has to be there
    let nothing = rec.scratch("embag.nothing", 16)?;
    let mut all = Vec::new();
    let cut = [Some(logits), Some(labels), weights, Some(loss), Some(grad)];
    for rows in row_chunks(&ctx, &cut.into_iter().flatten().collect::<Vec<_>>()) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (logits, labels) = (place("logits", logits)?, place("labels", labels)?);
        let (loss, grad) = (place("loss", loss)?, place("grad", grad)?);
        let mut params = bce::Params {
            rows: word("rows", rows.len())?,
            cols: word("columns", cols)?,
            logits_base: logits.base,
            logits_stride: logits.stride,
            labels_base: labels.base,
            labels_stride: labels.stride,
            loss_base: loss.base,
            loss_stride: loss.stride,
            grad_base: grad.base,
            grad_stride: grad.stride,
            scale: 1.0 / (mean_of as f32 * cols as f32),
            ..bce::Params::default()
        };
        let weights = match weights {
            None => nothing.clone(),
            Some(weights) => {
                let place = place("weights", weights)?;
                (params.weights_base, params.weights_stride) = (place.base, place.stride);
                params.weights_cols = word("columns", weights.cols())?;
                place.binding
            }
        };
        let bindings = bce::Bindings {
            logits: logits.binding,
            labels: labels.binding,
            weights,
            loss: loss.binding,
            grad: grad.binding,
        };
        // a binding has less than 2^32 values
        all.push(Dispatch::threads(0, &params, bindings, params.rows * params.cols));
    }
    record(rec, all);
    Ok(())
}
