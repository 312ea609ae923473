//! The model, a factorisation machine on the crate's kernels.
//!
//! The log odds of a click are a bias, a first-order weight of each id, and the products of all pairs of the
//! ids' vectors. The vectors are chunked tables, which know ids by their raw 64 bits. Bias and first-order
//! weights are ordinary tables of one column, the same for everything that is compared. The interaction of
//! the four vectors makes the six products, and a linear layer whose weights are 1, and stay so, adds
//! everything up. A step is recorded as a whole, so that many steps are one submission.

use std::ops::Range;

use embag::chunked::{Adjustment, ChunkedBatch, ChunkedTables};
use embag::dense::{Activation, Interaction, Linear, record_bce_with_logits};
use embag::optim::{RowwiseAdagrad, Sgd};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Recorder, Result, Table};

use crate::method::{CHUNK, DIM, Kind, Method};
use crate::problem::{Examples, FIELDS, raw_id};
use crate::random::{mix, unit};

/// Examples of a step.
pub const BATCH: usize = 512;
const LR: f32 = 0.15;
/// Examples that are tested at a time.
const TESTED: usize = 5000;
/// Of the random choice of chunks.
const CHOICE: u64 = 0x6368_756e_6b73;
/// Bias and first-order weights.
const FIRST: usize = FIELDS + 1;
const FIELD_NAMES: [&str; FIELDS] = ["field 0", "field 1", "field 2", "field 3"];
const PAIRS: usize = FIELDS * (FIELDS - 1) / 2;

/// A model on a device.
#[derive(Debug)]
pub struct Model {
    ctx: Context,
    method: Method,
    slots: u32,
    seed: u64,
    vectors: ChunkedTables,
    first: EmbeddingBags,
    products: Interaction,
    sum: Linear,
    room: Room,
}

/// What lies between lookup and update, for a number of examples.
#[derive(Debug)]
struct Room {
    vectors: Matrix,
    vectors_grad: Matrix,
    /// The terms of the log odds: bias, first-order weights, products.
    terms: Matrix,
    terms_grad: Matrix,
    logits: Matrix,
    logits_grad: Matrix,
    losses: Matrix,
}

impl Room {
    fn new(ctx: &Context, examples: usize, products: &Interaction) -> Result<Self> {
        let zeros = |cols| Matrix::zeros(ctx, examples, cols);
        let terms = FIRST + products.out_cols();
        Ok(Self {
            vectors: zeros(products.in_cols())?,
            vectors_grad: zeros(products.in_cols())?,
            terms: zeros(terms)?,
            terms_grad: zeros(terms)?,
            logits: zeros(1)?,
            logits_grad: zeros(1)?,
            losses: zeros(1)?,
        })
    }
}

/// The columns of bias and first-order weights, and those of the products.
fn parts(terms: &Matrix) -> Result<[Matrix; 2]> {
    Ok([terms.columns(0, FIRST)?, terms.columns(FIRST, PAIRS)?])
}

impl Model {
    /// An untrained model, for `ids` ids in each field.
    pub fn new(ctx: &Context, method: Method, ids: u32, seed: u64) -> Result<Self> {
        let optimizer = RowwiseAdagrad::new(LR);
        let mut vectors = ChunkedTables::builder(ctx)
            .chunk_width(method.width())
            .slots(method.slots(ids))
            .utility(method.utility())
            .optimizer(optimizer)
            .seed(seed);
        let mut first = EmbeddingBags::builder(ctx).optimizer(optimizer);
        let parts = parts_of(method);
        let dim = method.dim() as usize / parts;
        for field in FIELD_NAMES {
            for part in 0..parts {
                let name = format!("{field} part {part}");
                vectors = vectors.table(&name, ids as usize, dim).feature(&name, &name, Pooling::Sum);
            }
            let table = Table::rows(ids as usize).dim(1).init(Init::Zero);
            first = first.table(field, table).feature(field, field, Pooling::Sum);
        }
        first = first.table("bias", Table::rows(1).dim(1).init(Init::Zero));
        let products = Interaction {
            features: FIELDS,
            dim: method.dim() as usize,
            self_interaction: false,
            dense_part: false,
        };
        // never updated: the optimizer is of no matter
        let sum = Linear::new(ctx, FIRST + PAIRS, 1, Activation::None, Sgd { lr: 0.0, ..Sgd::default() }, 0)?;
        sum.weight().write(ctx, &[1.0; FIRST + PAIRS])?;
        sum.bias().write(ctx, &[0.0])?;
        Ok(Self {
            ctx: ctx.clone(),
            method,
            seed,
            slots: method.slots(ids),
            vectors: vectors.build()?,
            first: first.feature("bias", "bias", Pooling::Sum).build()?,
            products,
            sum,
            room: Room::new(ctx, BATCH, &products)?,
        })
    }

    /// Trains on the steps `steps` of the examples.
    pub fn train(&mut self, examples: &Examples, steps: Range<usize>) -> Result<()> {
        for step in steps {
            let mut rec = Recorder::new(&self.ctx);
            let range = step * BATCH..(step + 1) * BATCH;
            let ids = &examples.ids[range.clone()];
            let (raw, lengths) = self.bags(ids);
            let batch = self.vectors.admit_from_lengths(&raw, &lengths)?;
            let first = self.first_batch(ids)?;
            let labels = Matrix::from_slice(&self.ctx, &examples.labels[range], BATCH, 1)?;
            self.record_forward(&mut rec, &batch, &first, &self.room)?;
            let Room { vectors, vectors_grad, terms, terms_grad, logits, logits_grad, losses } = &self.room;
            record_bce_with_logits(&mut rec, logits, &labels, losses, logits_grad)?;
            self.sum.record_backward(&mut rec, terms, logits, logits_grad, Some(terms_grad))?;
            let [first_grad, products_grad] = parts(terms_grad)?;
            self.products.record_backward(&mut rec, vectors, &products_grad, vectors_grad)?;
            self.vectors.record_backward(&mut rec, &batch, vectors_grad)?;
            self.first.record_backward(&mut rec, &first, &first_grad)?;
            rec.run()?;
        }
        Ok(())
    }

    /// Leaves the share of the method's chunks without slots.
    pub fn adjust(&mut self) -> Result<Adjustment> {
        self.vectors.adjust(self.method.pruned, 1.0)
    }

    /// The log odds of all examples. Ids that never occurred have the vector 0.
    pub fn test(&self, examples: &Examples) -> Result<Vec<f32>> {
        let mut all = Vec::with_capacity(examples.ids.len());
        for ids in examples.ids.chunks(TESTED) {
            let (raw, lengths) = self.bags(ids);
            let room = Room::new(&self.ctx, ids.len(), &self.products)?;
            let mut rec = Recorder::new(&self.ctx);
            let batch = self.vectors.record_find_from_lengths(&mut rec, &raw, &lengths)?;
            self.record_forward(&mut rec, &batch, &self.first_batch(ids)?, &room)?;
            rec.run()?;
            all.extend(room.logits.to_vec(&self.ctx)?);
        }
        Ok(all)
    }

    /// The columns that each id of each field has, of a model with a table for each field. No value of a
    /// chunk that has a slot is 0 but by a chance of 2^-24 or so, so that the vectors themselves tell.
    pub fn dims(&self, ids: u32) -> Result<Vec<[u32; FIELDS]>> {
        let (raw, lengths) = self.bags(&(0..ids).map(|id| [id; FIELDS]).collect::<Vec<_>>());
        let vectors =
            self.vectors.forward(&self.vectors.find_from_lengths(&raw, &lengths)?)?.to_vec(&self.ctx)?;
        let (dim, width) = (self.method.dim() as usize, self.method.width());
        let columns = |vector: &[f32]| {
            let chunks = vector.chunks(width as usize);
            chunks.map(|chunk| if chunk.iter().any(|&value| value != 0.0) { width } else { 0 }).sum()
        };
        let row = |row: &[f32]| std::array::from_fn(|field| columns(&row[field * dim..][..dim]));
        Ok(vectors.chunks(FIELDS * dim).map(row).collect())
    }

    /// Bytes of the vectors that there are.
    pub fn payload(&self) -> Result<u64> {
        let used = self.slots - self.vectors.free_slots()?;
        Ok(u64::from(used) * u64::from(self.method.width()) * 4)
    }

    fn record_forward(
        &self,
        rec: &mut Recorder,
        batch: &ChunkedBatch,
        first: &JaggedBatch,
        room: &Room,
    ) -> Result<()> {
        let [weights, products] = parts(&room.terms)?;
        self.vectors.record_forward(rec, batch, &room.vectors)?;
        self.first.record_forward(rec, first, &weights)?;
        self.products.record_forward(rec, &room.vectors, &products)?;
        self.sum.record_forward(rec, &room.terms, &room.logits)
    }

    /// Raw ids and lengths of the bags: of one id, or of none where a chunk was chosen not to be.
    fn bags(&self, ids: &[[u32; FIELDS]]) -> (Vec<u64>, Vec<u32>) {
        let parts = parts_of(self.method);
        let (mut raw, mut lengths) = (Vec::with_capacity(ids.len() * FIELDS * parts), Vec::new());
        for field in 0..FIELDS {
            for part in 0..parts {
                for id in ids {
                    let id = raw_id(field, id[field]);
                    let there = self.method.kind != Kind::Random || self.chosen(id, part);
                    lengths.push(u32::from(there));
                    if there {
                        raw.push(id);
                    }
                }
            }
        }
        (raw, lengths)
    }

    fn chosen(&self, id: u64, part: usize) -> bool {
        unit(mix(mix(id ^ CHOICE) ^ mix(self.seed) ^ part as u64)) >= self.method.pruned
    }

    fn first_batch(&self, ids: &[[u32; FIELDS]]) -> Result<JaggedBatch> {
        let columns: [Vec<u32>; FIELDS] =
            std::array::from_fn(|field| ids.iter().map(|id| id[field]).collect());
        let mut batch = self.first.batch();
        for (name, column) in FIELD_NAMES.iter().zip(&columns) {
            batch = batch.feature(name, column);
        }
        batch.feature("bias", &vec![0u32; ids.len()]).build()
    }
}

/// Tables of a field: where chunks are chosen at random each has one of its own, in which ids occur or not.
fn parts_of(method: Method) -> usize {
    match method.kind {
        Kind::Random => (DIM / CHUNK) as usize,
        Kind::Full | Kind::Chunks { .. } | Kind::Uniform { .. } => 1,
    }
}
