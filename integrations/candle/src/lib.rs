//! [embag](https://docs.rs/embag)'s embedding bags as an operation that [candle](https://docs.rs/candle-core)
//! differentiates, on the CPU.
//!
//! ```
//! use candle_core::Result;
//! use embag::optim::RowwiseAdagrad;
//! use embag::{Context, Pooling, Table};
//! use embag_candle::EmbeddingBags;
//!
//! # fn main() -> Result<()> {
//! let ctx = Context::cpu();
//! let bags = embag::EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::rows(50_000).dim(64))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .optimizer(RowwiseAdagrad::default())
//!     .build()
//!     .map_err(candle_core::Error::wrap)?;
//! let bags = EmbeddingBags::new(bags)?;
//!
//! let batch = bags.batches().batch().bags("liked", &[5u32, 31, 900], &[2, 1]).build();
//! let pooled = bags.forward(&batch.map_err(candle_core::Error::wrap)?)?; // [examples, columns], tracked
//! let loss = pooled.sqr()?.mean_all()?; // your layers
//! let gradients = loss.backward()?; // for candle's own variables
//! bags.step(0.05)?; // each touched row once
//! # let _ = gradients;
//! # Ok(())
//! # }
//! ```
//!
//! The backward pass keeps the gradient of the outputs, and [`EmbeddingBags::step`] updates the tables with
//! it: so schedules, accumulated gradients and steps that are left out are the trainer's. Tables are no
//! variables of candle, whose gradient of an embedding is as large as its table.
//!
//! Outputs and gradients are copied between candle's memory and embag's. Tensors of Metal and CUDA are an
//! error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Device, Error, Layout, Result, Shape, Tensor, Var,
};
use embag::bag::Batches;
use embag::{Buffer, Context, JaggedBatch, Matrix, Recorder};

/// Embedding bags of embag in a model of candle. Clones share the tables.
#[derive(Clone)]
pub struct EmbeddingBags {
    shared: Arc<Shared>,
    /// candle tracks what depends on a variable. The tables are none, so their outputs depend on this one,
    /// whose gradient is zero.
    anchor: Var,
}

struct Shared {
    ctx: Context,
    bags: Mutex<embag::EmbeddingBags>,
    kept: Mutex<Kept>,
}

/// Gradients that wait for a step.
struct Kept {
    gradients: Vec<(JaggedBatch, Matrix)>,
    /// How many may wait when something new is looked up.
    most: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for EmbeddingBags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EmbeddingBags").field(&*lock(&self.shared.bags)).finish()
    }
}

impl EmbeddingBags {
    /// Bags of a CPU context.
    ///
    /// # Errors
    /// Bags of another context: candle has no tensors on wgpu devices.
    pub fn new(bags: embag::EmbeddingBags) -> Result<Self> {
        let ctx = bags.context().clone();
        if !ctx.is_cpu() {
            let got = ctx.device_name();
            candle_core::bail!("bags: expected tables of a CPU context, got tables on {got}")
        }
        let kept = Kept { gradients: Vec::new(), most: 1 };
        let shared = Shared { ctx, bags: Mutex::new(bags), kept: Mutex::new(kept) };
        let anchor = Var::zeros(1, DType::F32, &Device::Cpu)?;
        Ok(Self { shared: Arc::new(shared), anchor })
    }

    /// Lets this many gradients wait for a step, instead of one: as many as lookups come before it. Their sum
    /// is one update.
    #[must_use]
    pub fn accumulate(self, gradients: usize) -> Self {
        lock(&self.shared.kept).most = gradients.max(1);
        self
    }

    /// Works with the bags themselves: rows, checkpoints, settings.
    pub fn with<T>(&self, work: impl FnOnce(&mut embag::EmbeddingBags) -> T) -> T {
        work(&mut lock(&self.shared.bags))
    }

    /// What makes batches, also in other threads.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.with(|bags| bags.batches())
    }

    /// Looks all features up: `[examples, columns]` of `f32`, side by side in the order of the features.
    /// Tracked.
    ///
    /// # Errors
    /// A feature that is a sequence or a variable batch, whose outputs are no one matrix; a batch of other
    /// bags; gradients that wait for a [`step`](Self::step) already.
    pub fn forward(&self, batch: &JaggedBatch) -> Result<Tensor> {
        self.forward_t(batch, true)
    }

    /// [`EmbeddingBags::forward`], tracked or not.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`]; what is not tracked may be looked up while gradients wait.
    pub fn forward_t(&self, batch: &JaggedBatch, train: bool) -> Result<Tensor> {
        let pooled = Pooled { shared: self.shared.clone(), batch: batch.clone() };
        if !train {
            return self.anchor.as_detached_tensor().apply_op1_no_bwd(&pooled);
        }
        self.shared.check_waiting()?;
        self.anchor.as_tensor().apply_op1(pooled)
    }

    /// [`EmbeddingBags::forward`] with one weight for each id, in the order of the batch's ids. The weights
    /// get their gradient if they are tracked.
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`], and for weights that are not one for each id or not on the CPU, or if a
    /// feature is a maximum. The backward pass fails if a [`step`](Self::step) lies in between.
    pub fn forward_weighted(&self, batch: &JaggedBatch, weights: &Tensor) -> Result<Tensor> {
        if !weights.device().is_cpu() {
            candle_core::bail!("weights: expected a tensor of the CPU, got one of {:?}", weights.device())
        }
        self.shared.check_waiting()?;
        let weights = weights.flatten_all()?.to_dtype(DType::F32)?.contiguous()?;
        let given = Buffer::from_slice(&self.shared.ctx, &weights.to_vec1::<f32>()?).map_err(Error::wrap)?;
        let batch = batch.with_weights(given).map_err(Error::wrap)?;
        let step = self.with(|bags| bags.steps());
        let weighted = Weighted { pooled: Pooled { shared: self.shared.clone(), batch }, step };
        self.anchor.as_tensor().apply_op2(&weights, weighted)
    }

    /// Updates the tables by the gradients of the backward passes since the last step: each touched row once,
    /// by the sum of its gradients. One gradient is embag's fused backward. Nothing happens if there is none.
    ///
    /// # Errors
    /// Bags without an optimizer, a rate that is not finite; the gradients are gone then too.
    pub fn step(&self, lr: f64) -> Result<()> {
        let gradients = std::mem::take(&mut lock(&self.shared.kept).gradients);
        if gradients.is_empty() {
            return Ok(());
        }
        let mut rec = Recorder::new(&self.shared.ctx);
        let record = |bags: &mut embag::EmbeddingBags| {
            #[allow(clippy::cast_possible_truncation, reason = "rates are f32 in embag")]
            bags.set_lr(lr as f32)?;
            let gradients = gradients.iter().map(|(batch, gradient)| (batch, gradient.into()));
            bags.record_accumulated(&mut rec, &gradients.collect::<Vec<_>>())
        };
        self.with(record).and_then(|()| rec.run()).map_err(Error::wrap)
    }

    /// Drops the gradients that wait for a step.
    pub fn discard(&self) {
        lock(&self.shared.kept).gradients.clear();
    }
}

impl Shared {
    fn check_waiting(&self) -> Result<()> {
        let kept = lock(&self.kept);
        let (wait, most) = (kept.gradients.len(), kept.most);
        if wait >= most {
            candle_core::bail!(
                "forward: expected fewer than {most} gradients that wait (call `step` or `discard`, or let more \
                 `accumulate`), got {wait}"
            )
        }
        Ok(())
    }
}

/// A lookup.
struct Pooled {
    shared: Arc<Shared>,
    batch: JaggedBatch,
}

impl Pooled {
    fn forward(&self) -> Result<(CpuStorage, Shape)> {
        let bags = lock(&self.shared.bags);
        let (rows, cols) = (self.batch.len(), bags.output_cols());
        let out = bags.forward(&self.batch).and_then(|out| out.to_vec(&self.shared.ctx));
        Ok((CpuStorage::F32(out.map_err(Error::wrap)?), (rows, cols).into()))
    }

    /// The gradient of the outputs in embag's memory.
    fn gradient(&self, gradient: &Tensor) -> Result<Matrix> {
        let (rows, cols) = gradient.dims2()?;
        let values = gradient.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        Matrix::from_slice(&self.shared.ctx, &values, rows, cols).map_err(Error::wrap)
    }

    fn keep(&self, gradient: Matrix) {
        if gradient.rows() > 0 {
            lock(&self.shared.kept).gradients.push((self.batch.clone(), gradient));
        }
    }
}

impl CustomOp1 for Pooled {
    fn name(&self) -> &'static str {
        "embag"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward()
    }

    fn bwd(&self, anchor: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        self.keep(self.gradient(gradient)?);
        anchor.zeros_like().map(Some)
    }
}

/// A lookup with weights that are a tensor.
struct Weighted {
    pooled: Pooled,
    /// Of the rows.
    step: u32,
}

impl CustomOp2 for Weighted {
    fn name(&self) -> &'static str {
        "embag-weighted"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.pooled.forward()
    }

    fn bwd(
        &self,
        anchor: &Tensor,
        weights: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let Pooled { shared, batch } = &self.pooled;
        let gradient = self.pooled.gradient(gradient)?;
        let bags = lock(&shared.bags);
        if bags.steps() != self.step {
            let (then, now) = (self.step, bags.steps());
            candle_core::bail!(
                "backward: expected the rows of step {then}, by which weights get their gradient, got those of step \
                 {now}: `step` came in between"
            )
        }
        let of_weights = bags.weight_grad(batch, &gradient).and_then(|grad| grad.read::<f32>(&shared.ctx));
        drop(bags);
        // candle panics where a tensor that was computed gets none
        let of_weights = Tensor::new(of_weights.map_err(Error::wrap)?, weights.device())?;
        self.pooled.keep(gradient);
        Ok((Some(anchor.zeros_like()?), Some(of_weights)))
    }
}
