//! The model: DLRM (Naumov et al., "Deep learning recommendation model for personalization and recommendation
//! systems", 2019), or cross layers (DCN-v2; Wang et al., 2021) or stacked interactions (DHEN; Zhang et al.,
//! 2022) in the place of its dot products.
//!
//! The bottom MLP makes a vector of the numeric columns. It lies beside the pooled embeddings of all features
//! in one matrix, whose columns both write, and of which DLRM takes all dot products of two vectors; its top
//! MLP makes the click's log odds of these products and of the first vector.
//!
//! Without numeric columns the first vector is the same for all examples: it is learnt, and its products with
//! the embeddings are what these say by themselves, without a partner.

use std::path::Path;

use embag::dense::{Activation, Layers, Mlp, record_part_bce_with_logits};
use embag::optim::Adagrad;
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use super::over::Over;
use super::settings::Settings;
use super::tables::Tables;
use crate::data::{Examples, Schema};

/// The embeddings begin uniform between this and its negative.
pub const INIT: f32 = 0.05;
/// Their name in checkpoints.
pub const PREFIX: &str = "bags";

/// A model on a device, and room for what lies between its parts.
#[derive(Debug)]
pub struct Model<T> {
    ctx: Context,
    schema: Schema,
    tables: T,
    bottom: Mlp,
    over: Over,
    dim: usize,
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
    logits: Matrix,
    logits_grad: Matrix,
}

impl Room {
    fn new(ctx: &Context, cols: usize, rows: usize) -> Result<Self> {
        Ok(Self {
            vectors: Matrix::padded(ctx, rows, cols)?,
            vectors_grad: Matrix::padded(ctx, rows, cols)?,
            logits: Matrix::zeros(ctx, rows, 1)?,
            logits_grad: Matrix::zeros(ctx, rows, 1)?,
        })
    }

    /// The room of the first examples.
    fn first(&self, rows: usize) -> Result<Self> {
        Ok(Self {
            vectors: self.vectors.row_range(0, rows)?,
            vectors_grad: self.vectors_grad.row_range(0, rows)?,
            logits: self.logits.row_range(0, rows)?,
            logits_grad: self.logits_grad.row_range(0, rows)?,
        })
    }
}

/// A batch, of which all but the ids is on the device.
#[derive(Debug)]
pub struct Batch {
    /// `lengths[f * batch + b]` ids for each feature and example, one after the other, and their weights, if
    /// there are any.
    pub ids: Vec<u64>,
    pub lengths: Vec<u32>,
    pub weights: Option<Vec<f32>>,
    numeric: Matrix,
    labels: Matrix,
}

impl Batch {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.rows()
    }
}

/// Brings batches to the device, from any thread.
pub struct Loader {
    ctx: Context,
    /// Numeric columns.
    columns: usize,
    ones: Matrix,
}

impl Loader {
    /// Uploads a batch, its ids apart.
    pub fn load(&self, examples: &Examples) -> Result<Batch> {
        let rows = examples.len();
        let numeric = match self.columns {
            0 => self.ones.row_range(0, rows)?,
            columns => Matrix::from_slice(&self.ctx, &examples.numeric, rows, columns)?,
        };
        let labels = Matrix::from_slice(&self.ctx, &examples.labels, rows, 1)?;
        let (mut ids, mut lengths, mut all_weights) = (Vec::new(), Vec::new(), Vec::new());
        for bags in &examples.features {
            ids.extend(&bags.values);
            lengths.extend(&bags.lengths);
            match &bags.weights {
                Some(weights) => all_weights.extend(weights),
                None => all_weights.resize(ids.len(), 1.0),
            }
        }
        let weighted = examples.features.iter().any(|bags| bags.weights.is_some());
        Ok(Batch { ids, lengths, weights: weighted.then_some(all_weights), numeric, labels })
    }
}

impl<T: Tables> Model<T> {
    /// A new model for batches of at most `max_batch` examples.
    pub fn new(
        ctx: &Context,
        schema: &Schema,
        settings: &Settings,
        max_batch: usize,
        tables: T,
    ) -> Result<Self> {
        let dim = settings.dim.get();
        let dense = Adagrad { lr: settings.dense_lr, eps: 1e-10, ..Default::default() };
        let vectors = schema.features.len() + 1;
        let mlp =
            |sizes: &[&[usize]], last, seed| Mlp::new(ctx, &sizes.concat(), last, max_batch, dense, seed);
        // each layer takes the next seed: these two cannot meet
        let [bottom_seed, top_seed] = [dense_seed(settings.seed, 0), dense_seed(settings.seed, 1)];
        let bottom = match schema.numeric.len() {
            // a constant that a relu cut off would never come back
            0 => mlp(&[&[1], &[dim]], Activation::None, bottom_seed)?,
            columns => mlp(&[&[columns], &settings.bottom, &[dim]], Activation::Relu, bottom_seed)?,
        };
        let over = Over::new(ctx, vectors, settings, max_batch, dense.into(), top_seed)?;
        tables.check_same(&layers(&bottom, &over))?;
        Ok(Self {
            ctx: ctx.clone(),
            schema: schema.clone(),
            tables,
            bottom,
            over,
            dim,
            room: Room::new(ctx, vectors * dim, max_batch)?,
            ones: Matrix::from_slice(ctx, &vec![1.0; max_batch], max_batch, 1)?,
        })
    }

    /// What brings batches to this model's device.
    pub fn loader(&self) -> Loader {
        Loader { ctx: self.ctx.clone(), columns: self.schema.numeric.len(), ones: self.ones.clone() }
    }

    /// The tables.
    pub const fn tables(&self) -> &T {
        &self.tables
    }

    /// The tables, for what is done to them besides steps.
    pub const fn tables_mut(&mut self) -> &mut T {
        &mut self.tables
    }

    /// Records the log odds of a batch into `[batch, 1]`, and gives the number of its examples on all ranks.
    pub fn record_forward(&mut self, rec: &mut Recorder, batch: &Batch, logits: &Matrix) -> Result<usize> {
        let rows = self.tables.find(batch)?;
        self.forward_rows(rec, batch, &rows, logits)?;
        Ok(self.tables.examples(&rows, batch.len()))
    }

    fn forward_rows(
        &mut self,
        rec: &mut Recorder,
        batch: &Batch,
        rows: &T::Rows,
        logits: &Matrix,
    ) -> Result<()> {
        let Room { vectors, .. } = self.room.first(batch.len())?;
        let (first, others) = self.halves(&vectors)?;
        self.bottom.record_forward(rec, &batch.numeric, &first)?;
        self.tables.forward(rec, rows, &others)?;
        self.over.record_forward(rec, &vectors, logits)
    }

    /// Records a step of training; the examples' losses before it go to `losses`, `[batch, 1]`. Gives the
    /// number of examples on all ranks, by which the losses of a step are divided.
    pub fn record_step(&mut self, rec: &mut Recorder, batch: &Batch, losses: &Matrix) -> Result<usize> {
        let room = self.room.first(batch.len())?;
        let rows = self.tables.admit(batch)?;
        self.forward_rows(rec, batch, &rows, &room.logits)?;
        let examples = self.tables.examples(&rows, batch.len());
        record_part_bce_with_logits(
            rec,
            &room.logits,
            &batch.labels,
            None,
            examples,
            losses,
            &room.logits_grad,
        )?;
        self.over.record_backward(rec, &room.vectors, &room.logits, &room.logits_grad, &room.vectors_grad)?;
        let (first, _) = self.halves(&room.vectors)?;
        let (first_grad, others_grad) = self.halves(&room.vectors_grad)?;
        self.bottom.record_backward(rec, &batch.numeric, &first, &first_grad, None)?;
        self.tables.backward(rec, &rows, &others_grad)?;
        self.tables.reduce(rec, &layers(&self.bottom, &self.over))?;
        self.over.record_step(rec)?;
        self.bottom.record_step(rec)?;
        Ok(examples)
    }

    /// The columns of the bottom MLP, and those of the embeddings.
    fn halves(&self, vectors: &Matrix) -> Result<(Matrix, Matrix)> {
        let dim = self.dim;
        Ok((vectors.columns(0, dim)?, vectors.columns(dim, self.tables.output_cols())?))
    }

    /// Writes all parameters and all optimizer state, with what else a checkpoint keeps.
    pub fn save(&mut self, mut rest: Checkpoint, path: &Path) -> Result<()> {
        self.bottom.export(&self.ctx, &mut rest, "bottom")?;
        self.over.export(&self.ctx, &mut rest)?;
        self.tables.save(rest, path)
    }

    /// Goes on from what was saved, with the learning rates of `settings`.
    pub fn load(&mut self, saved: &Checkpoint, path: &Path, settings: &Settings) -> Result<()> {
        self.bottom.check_import(saved, "bottom")?;
        self.over.check_import(saved)?;
        self.tables.load(saved, path, &layers(&self.bottom, &self.over))?;
        self.tables.set_lr(settings.lr)?;
        self.bottom.import(&self.ctx, saved, "bottom")?;
        self.over.import(&self.ctx, saved)?;
        self.tables.check_same(&layers(&self.bottom, &self.over))
    }
}

/// All dense layers.
fn layers<'a>(bottom: &'a Mlp, over: &'a Over) -> Vec<&'a dyn Layers> {
    let bottom: [&dyn Layers; 1] = [bottom];
    bottom.into_iter().chain(over.layers()).collect()
}

/// The first of the seeds of an MLP's layers.
fn dense_seed(seed: u64, mlp: u32) -> u64 {
    // the low and the high half both count; a thousand layers lie between two MLPs
    let folded = (seed ^ (seed >> 32)) & u64::from(u32::MAX);
    u32::try_from(folded).unwrap_or(0).wrapping_mul(0x9e37_79b9).wrapping_add(mlp * 1000).into()
}
