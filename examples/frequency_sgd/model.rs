//! The model, on the crate's kernels, and one training of it.
//!
//! A user's and an item's factors are looked up side by side; their dot product, the interaction of two
//! features, is the logit of a click. The backward of the interaction gives each the other's factors times
//! the gradient of the logit.
//!
//! The seeds train side by side, each with two tables of its own: a row's update depends on its own
//! occurrences alone, so that each seed's numbers are those of a training by itself, and a step of all takes
//! little longer than a step of one. All steps from one test to the next are one submission, the test
//! included.

use embag::dense::{Interaction, record_bce_with_logits};
use embag::optim::Optimizer;
use embag::{Context, EmbeddingBags, JaggedBatch, Matrix, Pooling, Readback, Recorder, Result, Table};

use crate::method::occurrences;
use crate::problem::{BATCH, DIM, Pairs, Problem, ROWS, TEST};

/// Steps from one test to the next.
pub const TEST_EVERY: usize = 100;
/// A test loss of this or more ends a seed's training: that of a fair coin is 0.69.
const DIVERGED: f64 = 2.0;

const SIDES: [&str; 2] = ["user", "item"];
/// The dot product of two vectors.
const PRODUCT: Interaction =
    Interaction { features: 2, dim: DIM, self_interaction: false, dense_part: false };

/// The test losses of each seed, one for every [`TEST_EVERY`] steps; infinite from where a seed diverged.
pub type Curves = Vec<Vec<f64>>;

/// Trains on all `problems` for `steps` steps.
pub fn train(
    ctx: &Context,
    problems: &[Problem],
    probabilities: &[f64],
    optimizer: Optimizer,
    steps: usize,
) -> Result<Curves> {
    let mut model = Model::new(ctx, problems, probabilities, optimizer)?;
    let mut curves: Curves = vec![Vec::new(); problems.len()];
    for first in (0..steps).step_by(TEST_EVERY) {
        let mut rec = Recorder::new(ctx);
        model.steps(&mut rec, problems, first, TEST_EVERY.min(steps - first))?;
        let losses = model.test(&mut rec)?;
        rec.run()?;
        let losses = losses.wait()?;
        for (seed, curve) in curves.iter_mut().enumerate() {
            let sum: f64 = losses.iter().skip(seed).step_by(problems.len()).copied().map(f64::from).sum();
            let loss = sum / TEST as f64;
            let lost = loss.is_nan() || loss >= DIVERGED || curve.last() == Some(&f64::INFINITY);
            curve.push(if lost { f64::INFINITY } else { loss });
        }
        // the median is lost when half of the seeds are
        if curves.iter().filter(|curve| curve.last() == Some(&f64::INFINITY)).count() * 2 > curves.len() {
            break;
        }
    }
    for curve in &mut curves {
        curve.resize(steps / TEST_EVERY, f64::INFINITY);
    }
    Ok(curves)
}

#[derive(Debug)]
struct Model {
    bags: EmbeddingBags,
    /// A feature and a table of this name for each seed and side.
    names: Vec<[String; 2]>,
    step_room: Room,
    test_room: Room,
    test_batch: JaggedBatch,
    test_labels: Matrix,
}

/// What lies between lookup and update, for a number of pairs of each seed.
#[derive(Debug)]
struct Room {
    /// Factors of user and item of each seed: `[pairs, seeds * 2 * DIM]`.
    factors: Matrix,
    factors_grad: Matrix,
    /// A column for each seed.
    logits: Matrix,
    logits_grad: Matrix,
    losses: Matrix,
}

impl Room {
    fn new(ctx: &Context, pairs: usize, seeds: usize) -> Result<Self> {
        let factors = || Matrix::zeros(ctx, pairs, seeds * PRODUCT.in_cols());
        let numbers = || Matrix::zeros(ctx, pairs, seeds);
        Ok(Self {
            factors: factors()?,
            factors_grad: factors()?,
            logits: numbers()?,
            logits_grad: numbers()?,
            losses: numbers()?,
        })
    }
}

/// The same memory with a row for each pair of each seed.
fn by_pair(matrix: &Matrix, cols: usize) -> Result<Matrix> {
    Matrix::new(matrix.buffer().clone(), matrix.rows() * matrix.cols() / cols, cols, cols)
}

impl Model {
    fn new(ctx: &Context, problems: &[Problem], probabilities: &[f64], optimizer: Optimizer) -> Result<Self> {
        let seeds = problems.len();
        let names: Vec<_> = (0..seeds).map(|seed| SIDES.map(|side| format!("{side} {seed}"))).collect();
        let mut builder = EmbeddingBags::builder(ctx).optimizer(optimizer);
        for name in names.as_flattened() {
            builder = builder.table(name, Table::rows(ROWS).dim(DIM)).feature(name, name, Pooling::Sum);
        }
        let mut bags = builder.build()?;
        #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose, and far from f32's ends")]
        let frequencies: Vec<f32> = probabilities.iter().map(|&p| occurrences(p) as f32).collect();
        for (name, first) in names.as_flattened().iter().zip(problems.iter().flat_map(|p| &p.first)) {
            bags.upload(name, first)?;
            // FA-SGD is told them
            if optimizer.states().iter().any(|state| state.name == "frequency") {
                bags.upload_state(name, "frequency", &frequencies)?;
            }
        }
        let tests: Vec<&Pairs> = problems.iter().map(|problem| &problem.test).collect();
        Ok(Self {
            step_room: Room::new(ctx, BATCH, seeds)?,
            test_room: Room::new(ctx, TEST, seeds)?,
            test_batch: batch(&bags, &names, &tests, 0, TEST)?,
            test_labels: labels(ctx, &tests, 0, TEST)?,
            bags,
            names,
        })
    }

    /// Records the steps `first .. first + count`.
    fn steps(&mut self, rec: &mut Recorder, problems: &[Problem], first: usize, count: usize) -> Result<()> {
        let pairs: Vec<&Pairs> = problems.iter().map(|problem| &problem.train).collect();
        let all_labels = labels(self.bags.context(), &pairs, first * BATCH, count * BATCH)?;
        for step in 0..count {
            let batch = batch(&self.bags, &self.names, &pairs, (first + step) * BATCH, BATCH)?;
            let labels = all_labels.row_range(step * BATCH, BATCH)?;
            let room = &self.step_room;
            forward(rec, &self.bags, &batch, &labels, room)?;
            PRODUCT.record_backward(
                rec,
                &by_pair(&room.factors, PRODUCT.in_cols())?,
                &by_pair(&room.logits_grad, 1)?,
                &by_pair(&room.factors_grad, PRODUCT.in_cols())?,
            )?;
            self.bags.record_backward(rec, &batch, &room.factors_grad)?;
        }
        Ok(())
    }

    /// Records a test; its losses are those of each seed's first pair, then of the second.
    fn test(&self, rec: &mut Recorder) -> Result<Readback<f32>> {
        forward(rec, &self.bags, &self.test_batch, &self.test_labels, &self.test_room)?;
        Ok(rec.readback(self.test_room.losses.buffer()))
    }
}

/// Records the losses of a batch, and the gradient of each seed's mean loss with respect to the logits.
fn forward(
    rec: &mut Recorder,
    bags: &EmbeddingBags,
    batch: &JaggedBatch,
    labels: &Matrix,
    room: &Room,
) -> Result<()> {
    bags.record_forward(rec, batch, &room.factors)?;
    PRODUCT.record_forward(rec, &by_pair(&room.factors, PRODUCT.in_cols())?, &by_pair(&room.logits, 1)?)?;
    for seed in 0..labels.cols() {
        let column = |matrix: &Matrix| matrix.columns(seed, 1);
        let (loss, grad) = (column(&room.losses)?, column(&room.logits_grad)?);
        record_bce_with_logits(rec, &column(&room.logits)?, &column(labels)?, &loss, &grad)?;
    }
    Ok(())
}

/// The pairs `first .. first + count` of each seed as a batch.
fn batch(
    bags: &EmbeddingBags,
    names: &[[String; 2]],
    pairs: &[&Pairs],
    first: usize,
    count: usize,
) -> Result<JaggedBatch> {
    let mut builder = bags.batch();
    for ([user, item], pairs) in names.iter().zip(pairs) {
        builder = builder
            .feature(user, &pairs.users[first..first + count])
            .feature(item, &pairs.items[first..first + count]);
    }
    builder.build()
}

/// Their labels, a column for each seed.
fn labels(ctx: &Context, pairs: &[&Pairs], first: usize, count: usize) -> Result<Matrix> {
    let labels: Vec<f32> =
        (first..first + count).flat_map(|pair| pairs.iter().map(move |pairs| pairs.labels[pair])).collect();
    Matrix::from_slice(ctx, &labels, count, pairs.len())
}
