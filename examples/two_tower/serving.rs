//! The model in int8: the rows of a user's features, her tower, and the table of all movies' vectors.

use std::time::Instant;

use embag::dense::{Activation, record_normalize_rows};
use embag::quant::{QuantizedWeight, RangeSearch, RowFormat, WeightOnlyLinear};
use embag::sort::top_k;
use embag::{Buffer, Context, Matrix, QuantizedBags, Recorder, Result};
use serde::Serialize;

use crate::evaluation::{Evaluation, Found, SHOWN, everyone};
use crate::model::{Model, Seen};
use crate::problem::Problem;

/// Bits of a code.
const BITS: u32 = 8;

pub struct Served<'a> {
    ctx: Context,
    model: &'a Model,
    bags: QuantizedBags,
    user: WeightOnlyLinear,
    /// A layer whose weights are the vectors of all movies, so that its outputs are scores.
    movies: WeightOnlyLinear,
}

/// One user after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub median_ms: f64,
    pub p95_ms: f64,
}

impl<'a> Served<'a> {
    pub fn of(ctx: &Context, model: &'a Model, problem: &Problem) -> Result<Self> {
        let vectors = model.movie_vectors(problem)?;
        let (movies, dim) = (vectors.rows(), vectors.cols());
        let weight = QuantizedWeight::quantize(&vectors.to_vec(ctx)?, movies, dim, BITS, dim)?;
        Ok(Self {
            ctx: ctx.clone(),
            model,
            bags: QuantizedBags::of(&model.bags, |_table| (RowFormat::Int8, RangeSearch::MinMax))?,
            user: WeightOnlyLinear::quantized_from(ctx, &model.user.layer, BITS, model.user.layer.inputs())?,
            movies: WeightOnlyLinear::quantized(ctx, &weight, &vec![0.0; movies], Activation::None)?,
        })
    }

    /// Records the scores of all movies for users.
    fn record(&self, rec: &mut Recorder, seen: &[Seen<'_>], scores: &Matrix) -> Result<()> {
        let batch = self.bags.record_find(rec, self.model.users(self.bags.batch(), seen))?;
        let [pooled, out, vectors] = [self.user.inputs(), self.user.outputs(), self.user.outputs()]
            .map(|cols| Matrix::padded(&self.ctx, seen.len(), cols));
        let (pooled, out, vectors) = (pooled?, out?, vectors?);
        self.bags.record_forward(rec, &batch, &pooled)?;
        self.user.record_forward(rec, &pooled, &out)?;
        record_normalize_rows(rec, &out, &vectors)?;
        self.movies.record_forward(rec, &vectors, scores)
    }

    pub fn found(&self, problem: &Problem, evaluation: &Evaluation) -> Result<Found> {
        evaluation.found(problem, |rec, scores| self.record(rec, &everyone(problem), scores))
    }

    /// Shows each user movies, one user after the other: from her likes to the movies on the host, what she
    /// liked not left out.
    pub fn latency(&self, problem: &Problem) -> Result<Latency> {
        let scores = Matrix::zeros(&self.ctx, 1, problem.movies())?;
        let shown = SHOWN.min(problem.movies());
        let best = Matrix::zeros(&self.ctx, 1, shown)?;
        let columns = Buffer::from_slice(&self.ctx, &vec![0u32; shown])?;
        let mut times = Vec::new();
        for seen in everyone(problem) {
            let start = Instant::now();
            let mut rec = Recorder::new(&self.ctx);
            self.record(&mut rec, &[seen], &scores)?;
            top_k(&mut rec, &scores, &best, &columns)?;
            let columns = rec.readback::<u32>(&columns);
            drop(rec.submit()?);
            columns.wait()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_unstable_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        Ok(Latency { median_ms: at(50), p95_ms: at(95) })
    }
}
