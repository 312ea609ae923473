//! What makes log odds of the vectors of an example: DLRM's dot products and MLP, or stacked interactions.

use embag::dense::{Activation, DenseOptimizer, Dhen, Interaction, Mlp};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::args::Settings;

/// One of the models.
#[derive(Debug)]
pub enum Over {
    Dlrm(Dlrm),
    Dhen(Dhen),
}

/// All dot products of two vectors and the first vector, and an MLP of these.
#[derive(Debug)]
pub struct Dlrm {
    interaction: Interaction,
    top: Mlp,
    /// What the interaction makes, and its gradient.
    products: Matrix,
    products_grad: Matrix,
}

impl Over {
    /// The model of `vectors` vectors; an MLP's layers take seeds from `seed` on.
    pub fn new(
        ctx: &Context,
        vectors: usize,
        settings: &Settings,
        max_batch: usize,
        optimizer: DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        let dim = settings.dim.get();
        let layers = settings.over.layers(vectors);
        if !layers.is_empty() {
            let empty = Dhen::builder(ctx, vectors, dim).head(&settings.top).max_batch(max_batch);
            let builder = layers.into_iter().fold(empty, |builder, layer| builder.layer(layer));
            return Ok(Self::Dhen(builder.optimizer(optimizer).seed(seed).build()?));
        }
        let interaction = Interaction {
            features: vectors,
            dim,
            self_interaction: pairs_within_bags(vectors - 1),
            dense_part: true,
        };
        let sizes = [&[interaction.out_cols()], &settings.top[..], &[1]].concat();
        Ok(Self::Dlrm(Dlrm {
            top: Mlp::new(ctx, &sizes, Activation::None, max_batch, optimizer, seed)?,
            products: Matrix::padded(ctx, max_batch, interaction.out_cols())?,
            products_grad: Matrix::padded(ctx, max_batch, interaction.out_cols())?,
            interaction,
        }))
    }

    /// Records the log odds of vectors.
    pub fn record_forward(&self, rec: &mut Recorder, vectors: &Matrix, logits: &Matrix) -> Result<()> {
        match self {
            Self::Dlrm(Dlrm { interaction, top, products, .. }) => {
                let products = products.row_range(0, vectors.rows())?;
                interaction.record_forward(rec, vectors, &products)?;
                top.record_forward(rec, &products, logits)
            }
            Self::Dhen(net) => net.record_forward(rec, vectors, logits),
        }
    }

    /// Records the gradients of parameters and vectors.
    pub fn record_backward(
        &self,
        rec: &mut Recorder,
        vectors: &Matrix,
        logits: &Matrix,
        logits_grad: &Matrix,
        vectors_grad: &Matrix,
    ) -> Result<()> {
        match self {
            Self::Dlrm(Dlrm { interaction, top, products, products_grad }) => {
                let products = products.row_range(0, vectors.rows())?;
                let products_grad = products_grad.row_range(0, vectors.rows())?;
                top.record_backward(rec, &products, logits, logits_grad, Some(&products_grad))?;
                interaction.record_backward(rec, vectors, &products_grad, vectors_grad)
            }
            Self::Dhen(net) => net.record_backward(rec, vectors, logits, logits_grad, Some(vectors_grad)),
        }
    }

    /// Records the optimizer's step.
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.record_step(rec),
            Self::Dhen(net) => net.record_step(rec),
        }
    }

    /// Adds parameters and optimizer state to a checkpoint.
    pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.export(ctx, checkpoint, "top"),
            Self::Dhen(net) => net.export(ctx, checkpoint, "dhen"),
        }
    }

    /// Whether a checkpoint fits.
    pub fn check_import(&self, checkpoint: &Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.check_import(checkpoint, "top"),
            Self::Dhen(net) => net.check_import(checkpoint, "dhen"),
        }
    }

    /// Goes on from a checkpoint.
    pub fn import(&mut self, ctx: &Context, checkpoint: &Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.import(ctx, checkpoint, "top"),
            Self::Dhen(net) => net.import(ctx, checkpoint, "dhen"),
        }
    }
}

/// Whether bags are multiplied with themselves too: a single one has no other to meet, and its product with
/// itself is the sum over all pairs of its ids, as a factorisation machine takes it.
const fn pairs_within_bags(features: usize) -> bool {
    features == 1
}
