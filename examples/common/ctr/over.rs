//! What makes log odds of the vectors of an example: DLRM's dot products and MLP, DCN-v2's cross layers and
//! MLP, or stacked interactions.

use embag::dense::{Activation, CrossNet, DenseOptimizer, Dhen, Interaction, Layers, Mlp};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use super::model_args;
use super::settings::Settings;

/// One of the models.
#[derive(Debug)]
pub enum Over {
    Dlrm(Dlrm),
    Dcnv2(Dcnv2),
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

/// Cross layers of all values, and an MLP behind them (Wang et al., "DCN V2: Improved deep & cross network",
/// 2021, stacked).
#[derive(Debug)]
pub struct Dcnv2 {
    cross: CrossNet,
    top: Mlp,
    /// What the cross layers make, and its gradient.
    crossed: Matrix,
    crossed_grad: Matrix,
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
        let top = |inputs: usize| {
            let sizes = [&[inputs], &settings.top[..], &[1]].concat();
            Mlp::new(ctx, &sizes, Activation::None, max_batch, optimizer, seed)
        };
        if let model_args::Over::Dcnv2(described) = &settings.over {
            let width = vectors * dim;
            let cross = CrossNet::builder(ctx, width).layers(described.layers.get()).max_batch(max_batch);
            // layers take seeds one by one: those of the MLP are far from these
            let cross = cross.optimizer(optimizer).seed(seed.wrapping_add(1 << 32)).build()?;
            let room = || Matrix::padded(ctx, max_batch, width);
            return Ok(Self::Dcnv2(Dcnv2 {
                cross,
                top: top(width)?,
                crossed: room()?,
                crossed_grad: room()?,
            }));
        }
        let interaction = Interaction {
            features: vectors,
            dim,
            self_interaction: pairs_within_bags(vectors - 1),
            dense_part: true,
        };
        Ok(Self::Dlrm(Dlrm {
            top: top(interaction.out_cols())?,
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
            Self::Dcnv2(Dcnv2 { cross, top, crossed, .. }) => {
                let crossed = crossed.row_range(0, vectors.rows())?;
                cross.record_forward(rec, vectors, &crossed)?;
                top.record_forward(rec, &crossed, logits)
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
            Self::Dcnv2(Dcnv2 { cross, top, crossed, crossed_grad }) => {
                let crossed = crossed.row_range(0, vectors.rows())?;
                let crossed_grad = crossed_grad.row_range(0, vectors.rows())?;
                top.record_backward(rec, &crossed, logits, logits_grad, Some(&crossed_grad))?;
                cross.record_backward(rec, vectors, &crossed_grad, vectors_grad)
            }
            Self::Dhen(net) => net.record_backward(rec, vectors, logits, logits_grad, Some(vectors_grad)),
        }
    }

    /// All layers with parameters.
    pub fn layers(&self) -> Vec<&dyn Layers> {
        match self {
            Self::Dlrm(dlrm) => vec![&dlrm.top],
            Self::Dcnv2(net) => vec![&net.cross, &net.top],
            Self::Dhen(net) => vec![net],
        }
    }

    /// Records the optimizer's step.
    pub fn record_step(&mut self, rec: &mut Recorder) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.record_step(rec),
            Self::Dcnv2(net) => {
                net.cross.record_step(rec)?;
                net.top.record_step(rec)
            }
            Self::Dhen(net) => net.record_step(rec),
        }
    }

    /// Adds parameters and optimizer state to a checkpoint.
    pub fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.export(ctx, checkpoint, "top"),
            Self::Dcnv2(net) => {
                net.cross.export(ctx, checkpoint, "cross")?;
                net.top.export(ctx, checkpoint, "top")
            }
            Self::Dhen(net) => net.export(ctx, checkpoint, "dhen"),
        }
    }

    /// Whether a checkpoint fits.
    pub fn check_import(&self, checkpoint: &Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.check_import(checkpoint, "top"),
            Self::Dcnv2(net) => {
                net.cross.check_import(checkpoint, "cross")?;
                net.top.check_import(checkpoint, "top")
            }
            Self::Dhen(net) => net.check_import(checkpoint, "dhen"),
        }
    }

    /// Goes on from a checkpoint.
    pub fn import(&mut self, ctx: &Context, checkpoint: &Checkpoint) -> Result<()> {
        match self {
            Self::Dlrm(dlrm) => dlrm.top.import(ctx, checkpoint, "top"),
            Self::Dcnv2(net) => {
                net.cross.import(ctx, checkpoint, "cross")?;
                net.top.import(ctx, checkpoint, "top")
            }
            Self::Dhen(net) => net.import(ctx, checkpoint, "dhen"),
        }
    }
}

/// Whether bags are multiplied with themselves too: a single one has no other to meet, and its product with
/// itself is the sum over all pairs of its ids, as a factorisation machine takes it.
const fn pairs_within_bags(features: usize) -> bool {
    features == 1
}
