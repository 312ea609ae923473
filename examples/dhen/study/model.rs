//! Embeddings, a layer for the numeric columns, and stacked interactions of their vectors.

use embag::dense::{Activation, DenseOptimizer, Dhen, DhenLayer, Mlp, record_bce_with_logits};
use embag::metrics::{auc, normalized_entropy_from_logits};
use embag::optim::Adagrad;
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Recorder, Result, Table};

use crate::data::{Examples, Schema};

/// What a data set is trained with: the defaults of `train_ctr --model dhen`.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub epochs: u64,
    pub batch: usize,
    pub dense_lr: f32,
}

const DIM: usize = 16;
const INIT: f32 = 0.05;
const LR: f32 = 0.05;
/// What is added to the root of Adagrad's state of the tables, times the batch.
const EPS: f32 = 0.05;
const BOTTOM: usize = 64;
const HEAD: [usize; 2] = [64, 32];

/// A model on a device, and room for what lies between its parts.
#[derive(Debug)]
pub struct Model {
    ctx: Context,
    bags: EmbeddingBags,
    bottom: Mlp,
    net: Dhen,
    /// The vectors of an example side by side: that of the numeric columns, then those of the features.
    vectors: Matrix,
    vectors_grad: Matrix,
    logits: Matrix,
    logits_grad: Matrix,
    losses: Matrix,
}

/// A batch on the device.
struct Batch {
    rows: JaggedBatch,
    numeric: Matrix,
    labels: Matrix,
}

impl Model {
    /// A model for the columns of a data set, untrained.
    pub fn new(
        ctx: &Context,
        schema: &Schema,
        settings: Settings,
        layers: &[DhenLayer],
        seed: u64,
    ) -> Result<Self> {
        let Settings { batch, dense_lr, .. } = settings;
        let mut tables = EmbeddingBags::builder(ctx).seed(seed);
        let mut known: Vec<&str> = Vec::new();
        for feature in &schema.features {
            if !known.contains(&&*feature.table) {
                known.push(&feature.table);
                let table = Table::rows(feature.rows as usize).dim(DIM).init(Init::Uniform(INIT));
                tables = tables.table(&feature.table, table);
            }
            tables = tables.feature(&feature.name, &feature.table, feature.pooling());
        }
        let bags =
            tables.optimizer(Adagrad { lr: LR, eps: EPS / batch as f32, ..Default::default() }).build()?;
        let dense: DenseOptimizer = Adagrad { lr: dense_lr, eps: 1e-10, ..Default::default() }.into();
        // seeds of parts are far apart
        let part = |part: u64| seed.wrapping_mul(1 << 20).wrapping_add(part << 40);
        let bottom = match schema.numeric.len() {
            0 => Mlp::new(ctx, &[1, DIM], Activation::None, batch, dense, part(1))?,
            columns => Mlp::new(ctx, &[columns, BOTTOM, DIM], Activation::Relu, batch, dense, part(1))?,
        };
        let tokens = tokens(schema);
        let builder = Dhen::builder(ctx, tokens, DIM).head(&HEAD).max_batch(batch).optimizer(dense);
        let builder = layers.iter().fold(builder, |builder, layer| builder.layer(layer.clone()));
        let room = |cols| Matrix::zeros(ctx, batch, cols);
        Ok(Self {
            ctx: ctx.clone(),
            bags,
            bottom,
            net: builder.seed(part(2)).build()?,
            vectors: room(tokens * DIM)?,
            vectors_grad: room(tokens * DIM)?,
            logits: room(1)?,
            logits_grad: room(1)?,
            losses: room(1)?,
        })
    }

    /// Values that layers and head learn.
    pub fn parameters(&self) -> usize {
        self.net.parameters().iter().map(|(_, matrix)| matrix.rows() * matrix.cols()).sum()
    }

    fn load(&self, examples: &Examples) -> Result<Batch> {
        let rows = examples.len();
        let numeric = match self.bottom.inputs() {
            // of data without numeric columns
            1 if examples.numeric.is_empty() => Matrix::from_slice(&self.ctx, &vec![1.0; rows], rows, 1)?,
            columns => Matrix::from_slice(&self.ctx, &examples.numeric, rows, columns)?,
        };
        let ids: Vec<u64> = examples.features.iter().flat_map(|bags| &bags.values).copied().collect();
        let lengths: Vec<u32> = examples.features.iter().flat_map(|bags| &bags.lengths).copied().collect();
        Ok(Batch {
            rows: self.bags.batch_from_lengths(&ids, &lengths, None)?,
            numeric,
            labels: Matrix::from_slice(&self.ctx, &examples.labels, rows, 1)?,
        })
    }

    fn record_forward(&self, rec: &mut Recorder, batch: &Batch) -> Result<()> {
        let rows = batch.labels.rows();
        let vectors = self.vectors.row_range(0, rows)?;
        self.bottom.record_forward(rec, &batch.numeric, &vectors.columns(0, DIM)?)?;
        self.bags.record_forward(rec, &batch.rows, &vectors.columns(DIM, vectors.cols() - DIM)?)?;
        self.net.record_forward(rec, &vectors, &self.logits.row_range(0, rows)?)
    }

    /// A step of training.
    pub fn step(&mut self, examples: &Examples) -> Result<()> {
        let batch = self.load(examples)?;
        let first = |matrix: &Matrix| matrix.row_range(0, examples.len());
        let (vectors, vectors_grad) = (first(&self.vectors)?, first(&self.vectors_grad)?);
        let (logits, logits_grad, losses) =
            (first(&self.logits)?, first(&self.logits_grad)?, first(&self.losses)?);
        let mut rec = Recorder::new(&self.ctx);
        self.record_forward(&mut rec, &batch)?;
        record_bce_with_logits(&mut rec, &logits, &batch.labels, &losses, &logits_grad)?;
        self.net.record_backward(&mut rec, &vectors, &logits, &logits_grad, Some(&vectors_grad))?;
        let (of_bottom, of_bags) =
            (vectors_grad.columns(0, DIM)?, vectors_grad.columns(DIM, vectors.cols() - DIM)?);
        self.bottom.record_backward(&mut rec, &batch.numeric, &vectors.columns(0, DIM)?, &of_bottom, None)?;
        self.bags.record_backward(&mut rec, &batch.rows, &of_bags)?;
        self.net.record_step(&mut rec)?;
        self.bottom.record_step(&mut rec)?;
        rec.run()
    }

    /// Normalised entropy and AUC of all examples, in batches of at most those of the training.
    pub fn test(&mut self, batches: impl IntoIterator<Item = Examples>) -> Result<(f64, f64)> {
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for examples in batches {
            let batch = self.load(&examples)?;
            let mut rec = Recorder::new(&self.ctx);
            self.record_forward(&mut rec, &batch)?;
            rec.run()?;
            logits.extend(self.logits.row_range(0, examples.len())?.to_vec(&self.ctx)?);
            labels.extend(&examples.labels);
        }
        Ok((normalized_entropy_from_logits(&logits, &labels)?, auc(&logits, &labels)?))
    }
}

/// The vectors of an example.
pub fn tokens(schema: &Schema) -> usize {
    schema.features.len() + 1
}
