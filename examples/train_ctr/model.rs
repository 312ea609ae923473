//! The model: DLRM (Naumov et al., "Deep learning recommendation model for personalization and recommendation
//! systems", 2019).
//!
//! The bottom MLP makes a vector of the numeric columns. It lies beside the pooled embeddings of all features in one
//! matrix, whose columns both write, and of which the interaction takes all dot products of two vectors. The top MLP
//! makes the click's log odds of these products and of the first vector.
//!
//! Without numeric columns the first vector is the same for all examples: it is learnt, and its products with the
//! embeddings are what these say by themselves, without a partner.

use embag::dense::{Activation, DenseOptimizer, Interaction, Mlp, bce_with_logits};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::args::Settings;
use crate::chunked_report::ChunkedReport;
use crate::data::{Examples, Schema};
use crate::embeddings::{BagLoader, Embeddings, Kept};

/// A model on a device, and room for what lies between its parts.
#[derive(Debug)]
pub struct Model<E> {
    ctx: Context,
    schema: Schema,
    embeddings: E,
    bottom: Mlp,
    top: Mlp,
    interaction: Interaction,
    room: Room,
    /// The bottom MLP's input where there are no numeric columns.
    ones: Matrix,
}

/// What lies between the parts, and its gradients: a row for each example.
#[derive(Debug)]
struct Room {
    /// The vectors of an example side by side: the bottom MLP's, then those of the features.
    vectors: Matrix,
    vectors_grad: Matrix,
    /// What the interaction makes of them.
    products: Matrix,
    products_grad: Matrix,
    logits: Matrix,
    logits_grad: Matrix,
}

impl Room {
    fn new(ctx: &Context, interaction: &Interaction, rows: usize) -> Result<Self> {
        Ok(Self {
            vectors: Matrix::padded(ctx, rows, interaction.in_cols())?,
            vectors_grad: Matrix::padded(ctx, rows, interaction.in_cols())?,
            products: Matrix::padded(ctx, rows, interaction.out_cols())?,
            products_grad: Matrix::padded(ctx, rows, interaction.out_cols())?,
            logits: Matrix::zeros(ctx, rows, 1)?,
            logits_grad: Matrix::zeros(ctx, rows, 1)?,
        })
    }

    /// The room of the first examples.
    fn first(&self, rows: usize) -> Result<Self> {
        Ok(Self {
            vectors: self.vectors.row_range(0, rows)?,
            vectors_grad: self.vectors_grad.row_range(0, rows)?,
            products: self.products.row_range(0, rows)?,
            products_grad: self.products_grad.row_range(0, rows)?,
            logits: self.logits.row_range(0, rows)?,
            logits_grad: self.logits_grad.row_range(0, rows)?,
        })
    }
}

/// A batch, of which all but what the embeddings say is on the device.
#[derive(Debug)]
pub struct Batch<B> {
    bags: B,
    numeric: Matrix,
    labels: Matrix,
}

impl<B> Batch<B> {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.rows()
    }
}

/// Brings batches to the device, from any thread.
pub struct Loader<B> {
    ctx: Context,
    /// Numeric columns.
    columns: usize,
    bags: BagLoader<B>,
    ones: Matrix,
}

impl<B> Loader<B> {
    /// Checks a batch and uploads it.
    pub fn load(&self, examples: &Examples) -> Result<Batch<B>> {
        let rows = examples.len();
        let numeric = match self.columns {
            0 => self.ones.row_range(0, rows)?,
            columns => Matrix::from_slice(&self.ctx, &examples.numeric, rows, columns)?,
        };
        let labels = Matrix::from_slice(&self.ctx, &examples.labels, rows, 1)?;
        Ok(Batch { bags: (self.bags)(examples)?, numeric, labels })
    }
}

impl<E: Embeddings> Model<E> {
    /// A new model for batches of at most `max_batch` examples.
    pub fn new(
        ctx: &Context,
        schema: &Schema,
        settings: &Settings,
        max_batch: usize,
        embeddings: E,
    ) -> Result<Self> {
        let dim = settings.dim.get();
        let dense = DenseOptimizer::Adagrad { lr: settings.dense_lr, eps: 1e-10 };
        let interaction = Interaction {
            features: schema.features.len() + 1,
            dim,
            self_interaction: pairs_within_bags(schema.features.len()),
            dense_part: true,
        };
        let mlp =
            |sizes: &[&[usize]], last, seed| Mlp::new(ctx, &sizes.concat(), last, max_batch, &dense, seed);
        // each layer takes the next seed: these two cannot meet
        let [bottom_seed, top_seed] = [dense_seed(settings.seed, 0), dense_seed(settings.seed, 1)];
        let bottom = match schema.numeric.len() {
            // a constant that a relu cut off would never come back
            0 => mlp(&[&[1], &[dim]], Activation::None, bottom_seed)?,
            columns => mlp(&[&[columns], &settings.bottom, &[dim]], Activation::Relu, bottom_seed)?,
        };
        let top = mlp(&[&[interaction.out_cols()], &settings.top, &[1]], Activation::None, top_seed)?;
        Ok(Self {
            ctx: ctx.clone(),
            schema: schema.clone(),
            embeddings,
            bottom,
            top,
            room: Room::new(ctx, &interaction, max_batch)?,
            ones: Matrix::from_slice(ctx, &vec![1.0; max_batch], max_batch, 1)?,
            interaction,
        })
    }

    /// What brings batches to this model's device.
    pub fn loader(&self) -> Loader<E::Bags> {
        Loader {
            ctx: self.ctx.clone(),
            columns: self.schema.numeric.len(),
            bags: self.embeddings.loader(&self.schema),
            ones: self.ones.clone(),
        }
    }

    /// The bytes of all embedding tables, and of their optimizer's state.
    pub fn embedding_bytes(&self) -> (u64, u64) {
        self.embeddings.bytes()
    }

    /// What is to be said of chunks, if there are any.
    pub fn chunks(&self) -> Result<Option<ChunkedReport>> {
        self.embeddings.report()
    }

    /// Occurrences and columns of the ids, if they were counted.
    pub fn kept(&self) -> Result<Vec<Kept>> {
        self.embeddings.kept()
    }

    /// Records the log odds of a batch into `[batch, 1]`.
    pub fn forward(&self, rec: &mut Recorder, batch: &Batch<E::Bags>, logits: &Matrix) -> Result<()> {
        let rows = self.embeddings.find(rec, &batch.bags)?;
        self.forward_rows(rec, batch, &rows, logits)
    }

    fn forward_rows(
        &self,
        rec: &mut Recorder,
        batch: &Batch<E::Bags>,
        rows: &E::Rows<'_>,
        logits: &Matrix,
    ) -> Result<()> {
        let Room { vectors, products, .. } = self.room.first(batch.len())?;
        let (first, others) = self.halves(&vectors)?;
        self.bottom.forward(rec, &batch.numeric, &first)?;
        self.embeddings.forward(rec, rows, &others)?;
        self.interaction.forward(rec, &vectors, &products)?;
        self.top.forward(rec, &products, logits)
    }

    /// Records a step of training; the examples' losses before it go to `losses`, `[batch, 1]`.
    pub fn train(&mut self, rec: &mut Recorder, batch: &Batch<E::Bags>, losses: &Matrix) -> Result<()> {
        let room = self.room.first(batch.len())?;
        let rows = self.embeddings.admit(&batch.bags)?;
        self.forward_rows(rec, batch, &rows, &room.logits)?;
        bce_with_logits(rec, &room.logits, &batch.labels, losses, &room.logits_grad)?;
        self.top.backward(rec, &room.products, &room.logits, &room.logits_grad, Some(&room.products_grad))?;
        self.interaction.backward(rec, &room.vectors, &room.products_grad, &room.vectors_grad)?;
        let (first, _) = self.halves(&room.vectors)?;
        let (first_grad, others_grad) = self.halves(&room.vectors_grad)?;
        self.bottom.backward(rec, &batch.numeric, &first, &first_grad, None)?;
        self.embeddings.backward(rec, &rows, &others_grad)?;
        self.top.step(rec)?;
        self.bottom.step(rec)
    }

    /// To be called after each step was submitted.
    pub fn stepped(&mut self, step: u64) -> Result<()> {
        self.embeddings.stepped(step)
    }

    /// To be called at the end of an epoch, before the test.
    pub fn settle(&mut self, step: u64) -> Result<()> {
        self.embeddings.settle(step)
    }

    /// The columns of the bottom MLP, and those of the embeddings.
    fn halves(&self, vectors: &Matrix) -> Result<(Matrix, Matrix)> {
        let dim = self.interaction.dim;
        Ok((vectors.columns(0, dim)?, vectors.columns(dim, self.embeddings.output_cols())?))
    }

    /// Adds all parameters and all optimizer state to a checkpoint.
    pub fn export(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        self.embeddings.export(checkpoint)?;
        self.bottom.export_to(&self.ctx, checkpoint, "bottom")?;
        self.top.export_to(&self.ctx, checkpoint, "top")
    }

    /// Goes on from a checkpoint, with the learning rates of `settings`.
    pub fn import(&mut self, checkpoint: &Checkpoint, settings: &Settings) -> Result<()> {
        self.bottom.check_import(checkpoint, "bottom")?;
        self.top.check_import(checkpoint, "top")?;
        self.embeddings.import(checkpoint, settings.lr)?;
        self.bottom.import_from(&self.ctx, checkpoint, "bottom")?;
        self.top.import_from(&self.ctx, checkpoint, "top")
    }
}

/// Whether bags are multiplied with themselves too: a single one has no other to meet, and its product with itself is
/// the sum over all pairs of its ids, as a factorisation machine takes it.
const fn pairs_within_bags(features: usize) -> bool {
    features == 1
}

/// The first of the seeds of an MLP's layers.
fn dense_seed(seed: u64, mlp: u32) -> u64 {
    // the low and the high half both count; a thousand layers lie between two MLPs
    let folded = (seed ^ (seed >> 32)) & u64::from(u32::MAX);
    u32::try_from(folded).unwrap_or(0).wrapping_mul(0x9e37_79b9).wrapping_add(mlp * 1000).into()
}
