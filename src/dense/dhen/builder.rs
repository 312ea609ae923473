//! The description of a net.

use super::layer::{Common, Layer};
use super::module::DhenLayer;
use super::net::Dhen;
use crate::dense::room::Room;
use crate::dense::{Activation, DenseOptimizer, Mlp};
use crate::optim::Sgd;
use crate::{Context, Error, Precision, Result};

/// Describes a [`Dhen`]; made by [`Dhen::builder`].
#[derive(Debug, Clone)]
pub struct DhenBuilder {
    pub(super) ctx: Context,
    pub(super) tokens: usize,
    pub(super) dim: usize,
    pub(super) layers: Vec<DhenLayer>,
    pub(super) head: Vec<usize>,
    pub(super) max_batch: usize,
    pub(super) optimizer: DenseOptimizer,
    pub(super) seed: u64,
    pub(super) parameters: Precision,
    pub(super) activations: Precision,
}

impl DhenBuilder {
    pub(super) fn new(ctx: &Context, tokens: usize, dim: usize) -> Self {
        Self {
            ctx: ctx.clone(),
            tokens,
            dim,
            layers: Vec::new(),
            head: Vec::new(),
            max_batch: 2048,
            optimizer: Sgd::default().into(),
            seed: 0,
            parameters: Precision::F32,
            activations: Precision::F32,
        }
    }

    /// Adds a layer behind those that are there.
    #[must_use]
    pub fn layer(mut self, layer: DhenLayer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Sets the hidden layers of the head, which ends with one logit; none if it is not set.
    #[must_use]
    pub fn head(mut self, hidden: &[usize]) -> Self {
        self.head = hidden.to_vec();
        self
    }

    /// Sets the largest batch that there is room for; 2,048 if it is not set.
    #[must_use]
    pub fn max_batch(mut self, rows: usize) -> Self {
        self.max_batch = rows;
        self
    }

    /// Sets the optimizer of all parameters; [`Sgd`] if it is not set.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<DenseOptimizer>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// Sets the seed of first values.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// In what the parameters of layers are kept from step to step; those of the head are `f32`. Steps round values
    /// of 16 bits at random, so that small steps add up as in `f32`; state and gradients stay `f32`. With
    /// [`Precision::F16`], values beyond 65,504 become infinite.
    #[must_use]
    pub fn parameter_precision(mut self, precision: Precision) -> Self {
        self.parameters = precision;
        self
    }

    /// In what activations of layers are kept from the forward pass to the backward pass, rounded to the nearest:
    /// layers compute in `f32`, in memory that all of them share. With [`Precision::F16`], values beyond 65,504
    /// become infinite.
    #[must_use]
    pub fn activation_precision(mut self, precision: Precision) -> Self {
        self.activations = precision;
        self
    }

    /// Makes the net.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no tokens, values, layers or modules, tokens that modules cannot share,
    /// senseless hyper-parameters; [`Error::LimitExceeded`] if a parameter is too large for the device to bind,
    /// [`Error::Device`] if the room for the batch cannot be had.
    pub fn build(self) -> Result<Dhen> {
        let Self { ctx, tokens, dim, layers, head, max_batch, optimizer, seed, parameters, activations } =
            self;
        for (name, size) in [("tokens", tokens), ("dim", dim), ("max_batch", max_batch)] {
            if size == 0 {
                return Err(Error::invalid(name, "at least one", size));
            }
        }
        if layers.is_empty() {
            return Err(Error::invalid("layers", "at least one", "none"));
        }
        // seeds of one net differ in their upper half, those of an `Mlp` in its lower
        let mut seeds = (0u64..).map(|part| seed.wrapping_add(part << 32));
        let room = Room::new(&ctx, parameters, activations);
        let mut common = Common { room, dim, max_batch, optimizer: &optimizer };
        let mut inputs = tokens;
        let mut built = Vec::new();
        for layer in &layers {
            built.push(Layer::new(&mut common, inputs, layer, &mut seeds)?);
            inputs = layer.tokens;
        }
        let sizes: Vec<usize> = [inputs * dim].into_iter().chain(head).chain([1]).collect();
        let of_head = seeds.next().unwrap_or_default();
        let head = Mlp::new(&ctx, &sizes, Activation::None, max_batch, optimizer, of_head)?;
        Ok(Dhen { layers: built, head, described: layers, tokens, dim })
    }
}
