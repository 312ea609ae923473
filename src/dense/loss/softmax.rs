//! Softmax cross-entropy over candidates.

use std::collections::HashMap;
use std::hash::Hash;

use crate::dense::plan::{record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernels::softmax_cross_entropy as kernel;
use crate::{Error, Matrix, Recorder, Result};

/// Which column of the logits is a row's own.
#[derive(Debug, Clone, Copy, Default)]
pub enum Targets<'a> {
    /// That of the row's number: the candidates are what the rows of the batch want, in their order (in-batch
    /// negatives), and behind them as many others as there are (sampled negatives).
    #[default]
    InBatch,
    /// This one for every row.
    Column(u32),
    /// One for each row.
    Columns(&'a [u32]),
}

/// Softmax cross-entropy over candidates, as `torch.nn.CrossEntropyLoss`, for towers that learn to find what
/// belongs together: the others of a batch are the negatives, or some that were sampled.
///
/// With the scores `s = logits - log q`, `loss = w (log(sum of exp(s[c])) - s[t])` for the target `t` of a row
/// and its weight `w`, and `grad = w (softmax(s) - [c = t]) / rows`, the gradient of the mean.
///
/// - [`log_q`](Self::log_q): the logarithm of the chance with which each candidate is there. Popular ones are
///   drawn more often as negatives, and would be pushed down for it (Yi et al., *Sampling-bias-corrected
///   neural modeling for large corpus item recommendations*, RecSys 2019).
/// - [`candidate_ids`](Self::candidate_ids): one that is the target under another column is no negative but an
///   accidental hit: it is left out.
///
/// ```
/// use embag::dense::{SoftmaxCrossEntropy, record_matmul};
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let users = Matrix::from_slice(&ctx, &[1.0, 0.0, 0.0, 1.0], 2, 2)?;
/// let movies = Matrix::from_slice(&ctx, &[2.0, 0.0, 0.0, 2.0], 2, 2)?; // what they liked
/// let [logits, loss] = [Matrix::zeros(&ctx, 2, 2)?, Matrix::zeros(&ctx, 2, 1)?];
/// let (dlogits, dusers) = (Matrix::zeros(&ctx, 2, 2)?, Matrix::zeros(&ctx, 2, 2)?);
///
/// let mut rec = Recorder::new(&ctx);
/// record_matmul(&mut rec, &users, movies.transposed(), &logits)?;
/// SoftmaxCrossEntropy::in_batch().candidate_ids(&[7u32, 9]).record(&mut rec, &logits, &loss, &dlogits)?;
/// record_matmul(&mut rec, &dlogits, &movies, &dusers)?;
/// rec.run()?;
/// assert!((loss.to_vec(&ctx)?[0] - 0.1269).abs() < 1e-4);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens before it is recorded"]
pub struct SoftmaxCrossEntropy<'a> {
    targets: Targets<'a>,
    log_q: Option<&'a Matrix>,
    weights: Option<&'a Matrix>,
    /// A number for each candidate, which equal ones share.
    groups: Option<Vec<u32>>,
}

impl<'a> SoftmaxCrossEntropy<'a> {
    /// The loss with a target for each row.
    pub fn new(targets: Targets<'a>) -> Self {
        Self { targets, ..Self::default() }
    }

    /// The loss whose target is the candidate of the row's number.
    pub fn in_batch() -> Self {
        Self::default()
    }

    /// The logarithm of the chance of each candidate to be one, `[1, candidates]`; it is taken from the
    /// logits.
    pub fn log_q(mut self, log_q: &'a Matrix) -> Self {
        self.log_q = Some(log_q);
        self
    }

    /// A weight for each row, `[rows, 1]`; 0 leaves a row out. The mean still divides by the number of rows.
    pub fn weights(mut self, weights: &'a Matrix) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The id of each candidate: those that have the target's are no negatives.
    pub fn candidate_ids<T: Eq + Hash>(mut self, ids: &[T]) -> Self {
        let mut numbers = HashMap::new();
        let group = |(id, number)| *numbers.entry(id).or_insert(number);
        // more than 2^32 are no more than there are columns
        self.groups = Some(ids.iter().zip(0..=u32::MAX).map(group).collect());
        self
    }

    /// Records the loss of each row (`loss` of `[rows, 1]`) and the gradient of their mean in the logits
    /// (`grad` of `[rows, candidates]`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit, there is no candidate, or a target is none;
    /// [`Error::LimitExceeded`] if one row is too large for the device to bind.
    pub fn record(&self, rec: &mut Recorder, logits: &Matrix, loss: &Matrix, grad: &Matrix) -> Result<()> {
        let (rows, cols) = (logits.rows(), logits.cols());
        logits.check_f32("logits")?;
        loss.check_shape("loss", rows, 1)?;
        grad.check_shape("grad", rows, cols)?;
        if let Some(log_q) = self.log_q {
            log_q.check_shape("log_q", 1, cols)?;
        }
        if let Some(weights) = self.weights {
            weights.check_shape("weights", rows, 1)?;
        }
        if let Some(groups) = self.groups.as_ref().filter(|groups| groups.len() != cols) {
            return Err(Error::invalid(
                "candidate_ids",
                format!("{cols} ids, as the logits have"),
                groups.len(),
            ));
        }
        if rows == 0 {
            return Ok(());
        }
        let targets = self.targets(rows, cols)?;
        let ctx = rec.context().clone();
        let iterations = kernel::iterations(cols);
        if let Some(limit) = ctx.loop_limit().filter(|&limit| iterations > limit as usize) {
            return Err(Error::LimitExceeded {
                what: format!("iterations for {cols} candidates"),
                needed: iterations as u64,
                limit: limit.into(),
                hint: "use fewer candidates, or a hardware GPU",
            });
        }
        let nothing = rec.scratch("embag.nothing", 16)?;
        let cut = [Some(logits), self.weights, Some(loss), Some(grad)];
        let mut all = Vec::new();
        for part in row_chunks(&ctx, &cut.into_iter().flatten().collect::<Vec<_>>()) {
            let place = |name, matrix: &Matrix| matrix.row_part(part.start, part.len()).place(&ctx, name);
            let (logits, loss) = (place("logits", logits)?, place("loss", loss)?);
            let grad = place("grad", grad)?;
            let mut params = kernel::Params {
                rows: word("rows", part.len())?,
                cols: word("columns", cols)?,
                logits_base: logits.base,
                logits_stride: logits.stride,
                grouped: self.groups.is_some().into(),
                loss_base: loss.base,
                loss_stride: loss.stride,
                grad_base: grad.base,
                grad_stride: grad.stride,
                scale: 1.0 / rows as f32,
                ..kernel::Params::default()
            };
            let (mut log_q, mut weights) = (nothing.clone(), nothing.clone());
            if let Some(given) = self.log_q {
                let place = given.place(&ctx, "log_q")?;
                (params.corrected, params.log_q_base, log_q) = (1, place.base, place.binding);
            }
            if let Some(given) = self.weights {
                let place = place("weights", given)?;
                (params.weights_base, params.weights_stride) = (place.base, place.stride);
                (params.weighted, weights) = (1, place.binding);
            }
            let mut marks = targets[part.clone()].to_vec();
            marks.extend(self.groups.iter().flatten());
            let marks = rec.scratch_from("embag.marks", &marks)?;
            let bindings = kernel::Bindings {
                logits: logits.binding,
                log_q,
                marks,
                weights,
                loss: loss.binding,
                grad: grad.binding,
            };
            all.push(Dispatch::new(0, &params, bindings, params.rows));
        }
        record(rec, all);
        Ok(())
    }

    /// The target of each row.
    fn targets(&self, rows: usize, cols: usize) -> Result<Vec<u32>> {
        let targets: Vec<u32> = match self.targets {
            Targets::InBatch if rows > cols => {
                let expected = format!("at least as many candidates as the {rows} rows");
                return Err(Error::invalid("logits", expected, format!("{cols} columns")));
            }
            Targets::InBatch => (0..word("rows", rows)?).collect(),
            Targets::Column(column) => vec![column; rows],
            Targets::Columns(columns) if columns.len() != rows => {
                return Err(Error::invalid("targets", format!("one for each of {rows} rows"), columns.len()));
            }
            Targets::Columns(columns) => columns.to_vec(),
        };
        match targets.iter().position(|&target| target as usize >= cols) {
            None => Ok(targets),
            Some(row) => {
                let argument = format!("target of row {row}");
                Err(Error::invalid(argument, format!("less than the {cols} candidates"), targets[row]))
            }
        }
    }
}
