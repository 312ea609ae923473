//! A boundary between layers that only the largest activations cross.

use super::elementwise::record_scale;
use super::plan::{record, row_chunks};
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::threshold_mask;
use crate::kernels::width::Width;
use crate::sort::select_share;
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// Dynamic communication thresholding of activations (DCT-MP; Gupta et al., "Training recommender systems at
/// scale: communication-efficient model and data parallelism", KDD 2021): a boundary between layers that
/// only the largest activations cross, and only the gradients of these come back.
/// [`sharded::Boundary`](crate::sharded::Boundary) is one between ranks.
///
/// What crosses are activations whose size reaches a threshold, the size that a share of a batch's
/// activations reached when it was last chosen. Nothing of the others is kept: what does not cross takes no
/// part in the step. It is not free: wide layers with much in common lose little, narrow ones much, and
/// embeddings that have learnt nothing yet never get a gradient. The first steps, [`warm_up`](Cut::warm_up)
/// of them, let everything cross.
///
/// ```
/// use embag::dense::{Activation, Cut, Mlp};
/// use embag::optim::Sgd;
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let (batch, wide) = (32, 256);
/// let mut first = Mlp::new(&ctx, &[64, wide], Activation::Relu, batch, Sgd::new(0.1), 1)?;
/// let mut second = Mlp::new(&ctx, &[wide, 1], Activation::None, batch, Sgd::new(0.1), 2)?;
/// let mut cut = Cut::new(&ctx, 0.25)?.warm_up(1_000);
///
/// let matrix = |cols| Matrix::zeros(&ctx, batch, cols);
/// let (x, h, crossed, out, dout) = (matrix(64)?, matrix(wide)?, matrix(wide)?, matrix(1)?, matrix(1)?);
/// let (dcrossed, dh) = (matrix(wide)?, matrix(wide)?);
/// let mut rec = Recorder::new(&ctx);
/// first.record_forward(&mut rec, &x, &h)?;
/// cut.record_forward(&mut rec, &h, &crossed)?;
/// second.record_forward(&mut rec, &crossed, &out)?;
/// // here a loss makes `dout`
/// second.record_backward(&mut rec, &crossed, &out, &dout, Some(&dcrossed))?;
/// cut.record_backward(&mut rec, &crossed, &dcrossed, &dh)?;
/// first.record_backward(&mut rec, &x, &h, &dh, None)?;
/// first.record_step(&mut rec)?;
/// second.record_step(&mut rec)?;
/// rec.run()?;
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct Cut {
    ctx: Context,
    schedule: Schedule,
    threshold: Buffer,
    /// Of what crosses back: all that is not zero.
    nothing: Buffer,
}

/// When thresholds are chosen, of how many values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) share: f32,
    pub(crate) lifespan: u32,
    pub(crate) warm_up: u32,
    /// Steps that were begun.
    pub(crate) step: u32,
    /// Steps until a threshold is chosen.
    pub(crate) left: u32,
}

impl Schedule {
    pub(crate) fn new(share: f32) -> Result<Self> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(Error::invalid("share", "a share above 0, of at most 1", share));
        }
        Ok(Self { share, lifespan: 500, warm_up: 0, step: 0, left: 0 })
    }

    /// Whether everything crosses in the next step.
    pub(crate) const fn is_warming_up(&self) -> bool {
        self.step < self.warm_up
    }

    /// Whether a threshold is chosen in the next step, if it has values.
    pub(crate) const fn is_due(&self) -> bool {
        !self.is_warming_up() && self.left == 0
    }

    /// Counts a step, in which a threshold was chosen or not: one that was due and not chosen is due again.
    pub(crate) fn count(&mut self, chosen: bool) {
        if !self.is_warming_up() {
            self.left = if chosen { self.lifespan - 1 } else { self.left.saturating_sub(1) };
        }
        self.step = self.step.saturating_add(1);
    }
}

impl Cut {
    /// A boundary that this share of activations crosses, with thresholds that are kept for 500 steps and no
    /// warm-up.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the share is not above 0 and at most 1.
    pub fn new(ctx: &Context, share: f32) -> Result<Self> {
        let word = || ctx.allocate("embag.threshold", 4);
        Ok(Self { ctx: ctx.clone(), schedule: Schedule::new(share)?, threshold: word()?, nothing: word()? })
    }

    /// Sets for how many steps a threshold is kept, at least one.
    #[must_use]
    pub fn lifespan(mut self, steps: u32) -> Self {
        self.schedule.lifespan = steps.max(1);
        self
    }

    /// Sets how many steps let everything cross at first.
    #[must_use]
    pub fn warm_up(mut self, steps: u32) -> Self {
        self.schedule.warm_up = steps;
        self
    }

    /// Records the forward pass of a step of training: what crosses of `x` into `out`, of the same shape,
    /// zeros elsewhere. The step counts when it is recorded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the shapes differ; [`Error::LimitExceeded`] if `x` is larger than a
    /// binding.
    pub fn record_forward(&mut self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        x.check_f32("x")?;
        out.check_f32("out")?;
        out.check_shape("out", x.rows(), x.cols())?;
        let values = word("activations", x.rows() * x.cols())?;
        if self.schedule.is_warming_up() {
            record_scale(rec, x, 1.0, out)?;
            self.schedule.count(false);
            return Ok(());
        }
        // a batch without values has nothing to choose by
        let chosen = self.schedule.is_due() && values > 0;
        rec.whole(|rec| {
            if chosen {
                self.record_choice(rec, x, values)?;
            }
            record_mask(rec, &self.threshold, x, x, out)
        })?;
        self.schedule.count(chosen);
        Ok(())
    }

    /// Records what crosses outside of training, by the threshold as it is.
    ///
    /// # Errors
    /// As [`Cut::record_forward`].
    pub fn record_inference(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        x.check_f32("x")?;
        out.check_f32("out")?;
        out.check_shape("out", x.rows(), x.cols())?;
        match self.schedule.step > self.schedule.warm_up {
            true => record_mask(rec, &self.threshold, x, x, out),
            false => record_scale(rec, x, 1.0, out),
        }
    }

    /// Records the backward pass: `dout` in the places where `out`, which [`Cut::record_forward`] made, has
    /// something, zeros elsewhere, into `dx`.
    ///
    /// # Errors
    /// As [`Cut::record_forward`].
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        out: &Matrix,
        dout: &Matrix,
        dx: &Matrix,
    ) -> Result<()> {
        for (name, matrix) in [("dout", dout), ("dx", dx)] {
            matrix.check_f32(name)?;
            matrix.check_shape(name, out.rows(), out.cols())?;
        }
        match self.schedule.step > self.schedule.warm_up {
            true => record_mask(rec, &self.nothing, out, dout, dx),
            false => record_scale(rec, dout, 1.0, dx),
        }
    }

    /// The size that a share of the values reaches.
    fn record_choice(&self, rec: &mut Recorder, x: &Matrix, values: u32) -> Result<()> {
        if self.schedule.share >= 1.0 {
            return Ok(());
        }
        let dense = match x.stride() == x.cols() {
            true => x.clone(),
            false => {
                let dense = Matrix::new(
                    rec.scratch("embag.keys", u64::from(values) * 4)?,
                    x.rows(),
                    x.cols(),
                    x.cols(),
                )?;
                record_scale(rec, x, 1.0, &dense)?;
                dense
            }
        };
        let (buffer, first) = dense.buffer().part(0, dense.span()).bindable(&self.ctx);
        let first = word("activations", usize::try_from(first).unwrap_or(usize::MAX))?;
        select_share(rec, &buffer, (first, values), (values, self.schedule.share), &self.threshold)
    }

    /// Adds the threshold and the steps that it is kept for to a checkpoint.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let mut rec = Recorder::new(&self.ctx);
        let threshold = rec.readback::<u32>(&self.threshold);
        rec.run()?;
        checkpoint.insert(&format!("{prefix}.threshold"), &[1], threshold.wait()?)?;
        checkpoint.set_json(&format!("{prefix}.steps"), &(self.schedule.step, self.schedule.left))
    }

    /// Goes on from what [`Cut::export`] wrote.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let (step, left) = checkpoint.json(&format!("{prefix}.steps"))?;
        let threshold: &[u32] = checkpoint.tensor(&format!("{prefix}.threshold"), &[1])?;
        self.threshold.write(&self.ctx, 0, threshold)?;
        (self.schedule.step, self.schedule.left) = (step, left);
        Ok(())
    }
}

/// Records `out = values` where `by` reaches the threshold, a word that holds the bits of a size, and zeros
/// elsewhere; all have been checked to be of one shape.
pub(crate) fn record_mask(
    rec: &mut Recorder,
    threshold: &Buffer,
    by: &Matrix,
    values: &Matrix,
    out: &Matrix,
) -> Result<()> {
    if out.cols() == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    let cols = word("columns", out.cols())?;
    let mut all = Vec::new();
    for rows in row_chunks(&ctx, &[by, values, out]) {
        let place = |name, matrix: &Matrix| matrix.row_part(rows.start, rows.len()).place(&ctx, name);
        let (by, values, out) = (place("x", by)?, place("dout", values)?, place("out", out)?);
        let width = Width::of(by.vec4 && values.vec4 && out.vec4 && cols.is_multiple_of(4));
        let elements = |values: u32| values / width.columns();
        let params = threshold_mask::Params {
            rows: word("rows", rows.len())?,
            cols: elements(cols),
            by_base: elements(by.base),
            by_stride: elements(by.stride),
            values_base: elements(values.base),
            values_stride: elements(values.stride),
            out_base: elements(out.base),
            out_stride: elements(out.stride),
        };
        let bindings = threshold_mask::Bindings {
            threshold: threshold.clone(),
            by: by.binding,
            values: values.binding,
            out: out.binding,
        };
        all.push(Dispatch::threads(width.variant(), &params, bindings, params.rows * params.cols));
    }
    record(rec, all);
    Ok(())
}
