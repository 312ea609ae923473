//! A factorisation machine on the crate's kernels: trained in `f32`, and its logits for whatever values its
//! tables have.
//!
//! The factors of an example's ids are looked up side by side, DLRM's interaction gives the products of the
//! six pairs, and a linear layer of ones with the bias [`BASE`], which is never changed, adds them up.
//! [`Init::Uniform`] of 0.05 and row-wise Adagrad with [`LR`] train it, with the gradient of the batch's mean
//! loss.

use embag::dense::{Activation, Interaction, Linear, record_bce_with_logits};
use embag::optim::{RowwiseAdagrad, Sgd};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Recorder, Result, Table};

use crate::problem::{BASE, BATCH, DIM, Examples, FIELDS, Problem, SEED};

/// The learning rate.
const LR: f32 = 0.1;
/// Test examples that are looked up at once.
const CHUNK: usize = 65_536;

/// Names of tables and features alike.
pub const NAMES: [&str; FIELDS] = ["a", "b", "c", "d"];
const PAIRS: Interaction =
    Interaction { features: FIELDS, dim: DIM, self_interaction: false, dense_part: false };

/// The machine, and room for a batch of one size.
#[derive(Debug)]
pub struct Model {
    bags: EmbeddingBags,
    sum: Linear,
    room: Room,
}

/// What lies between lookup and logit.
#[derive(Debug)]
struct Room {
    factors: Matrix,
    products: Matrix,
    logits: Matrix,
}

impl Room {
    fn new(ctx: &Context, batch: usize) -> Result<Self> {
        Ok(Self {
            factors: Matrix::zeros(ctx, batch, PAIRS.in_cols())?,
            products: Matrix::zeros(ctx, batch, PAIRS.out_cols())?,
            logits: Matrix::zeros(ctx, batch, 1)?,
        })
    }

    /// The first rows, for a smaller batch.
    fn first(&self, batch: usize) -> Result<Self> {
        let first = |matrix: &Matrix| matrix.row_range(0, batch);
        Ok(Self {
            factors: first(&self.factors)?,
            products: first(&self.products)?,
            logits: first(&self.logits)?,
        })
    }
}

/// Trains a machine.
pub fn train(ctx: &Context, problem: &mut Problem) -> Result<EmbeddingBags> {
    let rows = problem.size().rows;
    let mut builder = EmbeddingBags::builder(ctx).seed(SEED).optimizer(RowwiseAdagrad::new(LR));
    for name in NAMES {
        let table = Table::rows(rows).dim(DIM).init(Init::Uniform(0.05));
        builder = builder.table(name, table).feature(name, name, Pooling::Sum);
    }
    let mut model = Model { bags: builder.build()?, sum: ones(ctx)?, room: Room::new(ctx, BATCH)? };
    let grads = Room::new(ctx, BATCH)?;
    let losses = Matrix::zeros(ctx, BATCH, 1)?;
    for _ in 0..problem.size().steps {
        let examples = problem.next_batch();
        let batch = batch(&model.bags, &examples, 0, BATCH)?;
        let labels = Matrix::from_slice(ctx, &examples.labels, BATCH, 1)?;
        let mut rec = Recorder::new(ctx);
        model.record_forward(&mut rec, &batch, &model.room)?;
        let Room { factors, products, logits } = &model.room;
        record_bce_with_logits(&mut rec, logits, &labels, &losses, &grads.logits)?;
        model.sum.record_backward(&mut rec, products, logits, &grads.logits, Some(&grads.products))?;
        PAIRS.record_backward(&mut rec, factors, &grads.products, &grads.factors)?;
        model.bags.record_backward(&mut rec, &batch, &grads.factors)?;
        rec.run()?;
    }
    Ok(model.bags)
}

/// The layer that adds the products up.
fn ones(ctx: &Context) -> Result<Linear> {
    let never = Sgd { lr: 0.0, ..Sgd::default() };
    let sum = Linear::new(ctx, PAIRS.out_cols(), 1, Activation::None, never, 0)?;
    sum.weight().write(ctx, &vec![1.0; PAIRS.out_cols()])?;
    sum.bias().write(ctx, &[BASE])?;
    Ok(sum)
}

fn batch(bags: &EmbeddingBags, examples: &Examples, first: usize, count: usize) -> Result<JaggedBatch> {
    let features = NAMES.iter().zip(&examples.ids);
    features.fold(bags.batch(), |batch, (name, ids)| batch.feature(name, &ids[first..][..count])).build()
}

impl Model {
    fn record_forward(&self, rec: &mut Recorder, batch: &JaggedBatch, room: &Room) -> Result<()> {
        self.bags.record_forward(rec, batch, &room.factors)?;
        PAIRS.record_forward(rec, &room.factors, &room.products)?;
        self.sum.record_forward(rec, &room.products, &room.logits)
    }
}

/// A machine whose tables are given, and the test set that it is measured on.
#[derive(Debug)]
pub struct Tester {
    model: Model,
    batches: Vec<JaggedBatch>,
    labels: Vec<f32>,
}

impl Tester {
    pub fn new(bags: EmbeddingBags, test: Examples) -> Result<Self> {
        let ctx = bags.context().clone();
        let count = test.labels.len();
        let starts = (0..count).step_by(CHUNK);
        let batches = starts.map(|first| batch(&bags, &test, first, CHUNK.min(count - first)));
        let batches = batches.collect::<Result<_>>()?;
        let room = Room::new(&ctx, CHUNK.min(count))?;
        Ok(Self { model: Model { bags, sum: ones(&ctx)?, room }, batches, labels: test.labels })
    }

    pub fn labels(&self) -> &[f32] {
        &self.labels
    }

    /// Gives a field other factors.
    pub fn set(&mut self, field: usize, values: &[f32]) -> Result<()> {
        self.model.bags.upload(NAMES[field], values)
    }

    /// The logits of all test examples.
    pub fn logits(&self) -> Result<Vec<f32>> {
        let ctx = self.model.bags.context();
        let mut all = Vec::with_capacity(self.labels.len());
        for batch in &self.batches {
            let room = self.model.room.first(batch.len())?;
            let mut rec = Recorder::new(ctx);
            self.model.record_forward(&mut rec, batch, &room)?;
            rec.run()?;
            all.extend(room.logits.to_vec(ctx)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;
    use crate::problem::QUICK;

    #[test]
    fn logits_are_the_base_and_the_products_of_all_pairs() -> Result<()> {
        let mut problem = Problem::new(crate::problem::Size { steps: 1, test: 300, ..QUICK });
        let bags = train(&Context::cpu(), &mut problem)?;
        let test = problem.test();
        let mut tester = Tester::new(bags, test.clone())?;
        let tables: Vec<Vec<f32>> = (0..FIELDS)
            .map(|field| {
                (0..QUICK.rows * DIM).map(|i| ((i * (field + 3)) % 17) as f32 * 0.03 - 0.2).collect()
            })
            .collect();
        for (field, values) in tables.iter().enumerate() {
            tester.set(field, values)?;
        }
        for (example, logit) in tester.logits()?.into_iter().enumerate() {
            let row = |field: usize| &tables[field][test.ids[field][example] as usize * DIM..][..DIM];
            let dot = |(i, j): (usize, usize)| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f32>();
            let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)].map(dot);
            assert!(
                abs_diff_eq!(logit - BASE, pairs.iter().sum::<f32>(), epsilon = 1e-5),
                "{example}: {logit}"
            );
        }
        Ok(())
    }
}
