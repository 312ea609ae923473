//! A click model of two tables of raw ids and a few layers.

use embag::bag::BatchBuilder;
use embag::dense::{Activation, Mlp, record_bce_with_logits};
use embag::optim::{Adam, RowwiseAdagrad};
use embag::{Context, EmbeddingBags, Matrix, Pooling, Recorder, Result, Table};

use crate::stream::{BATCH, Impressions};

const DIM: usize = 16;
/// What a directory has room for.
const USERS: usize = 5000;
const ITEMS: usize = 20_000;

/// Adds the impressions to a batch that was begun.
pub fn filled(batch: BatchBuilder, of: &Impressions) -> BatchBuilder {
    batch.feature("user", &of.users).feature("item", &of.items)
}

/// The layers behind the tables.
pub fn layers(ctx: &Context, seed: u64) -> Result<Mlp> {
    Mlp::new(ctx, &[2 * DIM, 32, 1], Activation::None, BATCH, Adam::new(0.001), seed)
}

/// Room for what lies between the parts of a model.
pub struct Room {
    pub pooled: Matrix,
    pub logits: Matrix,
}

impl Room {
    pub fn new(ctx: &Context) -> Result<Self> {
        Ok(Self { pooled: Matrix::zeros(ctx, BATCH, 2 * DIM)?, logits: Matrix::zeros(ctx, BATCH, 1)? })
    }
}

pub struct Trainer {
    ctx: Context,
    pub bags: EmbeddingBags,
    pub mlp: Mlp,
    room: Room,
    pooled_grad: Matrix,
    logits_grad: Matrix,
    losses: Matrix,
}

impl Trainer {
    pub fn new(ctx: &Context, seed: u64) -> Result<Self> {
        let bags = EmbeddingBags::builder(ctx)
            .table("user", Table::raw_ids(USERS).dim(DIM))
            .table("item", Table::raw_ids(ITEMS).dim(DIM))
            .feature("user", "user", Pooling::Sum)
            .feature("item", "item", Pooling::Sum)
            .optimizer(RowwiseAdagrad::new(0.05))
            .track_changes("clicks")
            .seed(seed)
            .build()?;
        Ok(Self {
            ctx: ctx.clone(),
            bags,
            mlp: layers(ctx, seed)?,
            room: Room::new(ctx)?,
            pooled_grad: Matrix::zeros(ctx, BATCH, 2 * DIM)?,
            logits_grad: Matrix::zeros(ctx, BATCH, 1)?,
            losses: Matrix::zeros(ctx, BATCH, 1)?,
        })
    }

    /// A step; gives the logits that the model had before it.
    pub fn step(&mut self, of: &Impressions) -> Result<Vec<f32>> {
        let batch = self.bags.admit(filled(self.bags.batch(), of))?;
        let clicks = Matrix::from_slice(&self.ctx, &of.clicks, BATCH, 1)?;
        let Room { pooled, logits } = &self.room;
        let mut rec = Recorder::new(&self.ctx);
        self.bags.record_forward(&mut rec, &batch, pooled)?;
        self.mlp.record_forward(&mut rec, pooled, logits)?;
        record_bce_with_logits(&mut rec, logits, &clicks, &self.losses, &self.logits_grad)?;
        let before = rec.readback(logits.buffer());
        self.mlp.record_backward(&mut rec, pooled, logits, &self.logits_grad, Some(&self.pooled_grad))?;
        self.mlp.record_step(&mut rec)?;
        self.bags.record_backward(&mut rec, &batch, &self.pooled_grad)?;
        drop(rec.submit()?);
        before.wait()
    }
}
