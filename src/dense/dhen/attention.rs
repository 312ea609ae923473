//! A transformer's encoder layer over tokens, and a mixture of what it makes.

use super::block::Block;
use super::flat::Flat;
use super::token_linear::TokenLinear;
use crate::dense::LayerNorm;
use crate::dense::batched::{Item, record_product_into};
use crate::dense::room::Room;
use crate::dense::scratch::{dense, dense_scratch};
use crate::dense::softmax::{record_softmax_rows, record_softmax_rows_grad};
use crate::dense::trained::{Trained, Training};
use crate::dense::{DenseOptimizer, record_add_scaled};
use crate::{Error, Matrix, Recorder, Result};

/// An encoder layer with norms behind its sums, as torch's `TransformerEncoderLayer` without dropout, with relu:
/// `H = norm(X + attention(X))`, `E = norm(H + ff(H))`; then `U = W E`.
#[derive(Debug)]
pub(super) struct Attention {
    heads: usize,
    tokens: usize,
    dim: usize,
    /// Queries, keys and values of every token, and what becomes of the heads' outputs, side by side.
    projection: Flat,
    joined: Flat,
    feed_forward: Flat,
    norms: [LayerNorm; 2],
    mixture: TokenLinear,
    /// What the backward pass needs, without gaps: `[max_batch, m * 3 dim]`, `[max_batch, heads * m * m]`, and
    /// three times `[max_batch, m * dim]`.
    projected: Matrix,
    weights: Matrix,
    attended: Matrix,
    hidden: Matrix,
    encoded: Matrix,
}

/// A batch's values in between.
struct Between {
    projected: Matrix,
    weights: Matrix,
    attended: Matrix,
    hidden: Matrix,
    encoded: Matrix,
}

impl Attention {
    #[allow(clippy::too_many_arguments, reason = "what a module is made of")]
    pub(super) fn new(
        room: &mut Room,
        (tokens, outputs): (usize, usize),
        dim: usize,
        (heads, ff): (usize, usize),
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if heads == 0 || !dim.is_multiple_of(heads) {
            return Err(Error::invalid("heads", format!("a divisor of dim, {dim}"), heads));
        }
        // every token is a row of these
        let rows = max_batch.saturating_mul(tokens);
        let seed = |part| seed.wrapping_add(part);
        let flat =
            |room: &mut Room, sizes: &[usize], part| Flat::new(room, sizes, rows, optimizer, seed(part));
        let norm = |room: &mut Room| LayerNorm::within(room, (tokens, dim), max_batch, optimizer);
        Ok(Self {
            heads,
            tokens,
            dim,
            projection: flat(room, &[dim, 3 * dim], 0)?,
            joined: flat(room, &[dim, dim], 1)?,
            feed_forward: flat(room, &[dim, ff, dim], 2)?,
            norms: [norm(room)?, norm(room)?],
            mixture: TokenLinear::new(room, (tokens, outputs), dim, optimizer, seed(4))?,
            projected: room.dense_activation(max_batch, tokens * 3 * dim)?,
            weights: room.dense_activation(max_batch, heads * tokens * tokens)?,
            attended: room.dense_activation(max_batch, tokens * dim)?,
            hidden: room.dense_activation(max_batch, tokens * dim)?,
            encoded: room.dense_activation(max_batch, tokens * dim)?,
        })
    }

    fn between(&self, rows: usize) -> Between {
        let [projected, weights, attended, hidden, encoded] =
            [&self.projected, &self.weights, &self.attended, &self.hidden, &self.encoded]
                .map(|matrix| matrix.row_part(0, rows));
        Between { projected, weights, attended, hidden, encoded }
    }

    /// A matrix without gaps with a row for each token.
    fn by_token(&self, matrix: &Matrix) -> Result<Matrix> {
        cut(matrix, self.tokens)
    }

    /// A head's columns among those of every token, and the weights of its tokens.
    fn head<'a>(&self, head: usize, of_tokens: &'a Matrix, third: usize) -> Item<'a> {
        let (width, cols) = (self.dim / self.heads, of_tokens.cols() / self.tokens);
        let first = third * self.dim + head * width;
        Item::each(of_tokens, self.tokens, cols).block(0..self.tokens, first..first + width)
    }

    fn of_head<'a>(&self, head: usize, weights: &'a Matrix) -> Item<'a> {
        let first = head * self.tokens;
        let all = Item::each(weights, self.heads * self.tokens, self.tokens);
        all.block(first..first + self.tokens, 0..self.tokens)
    }

    /// Every head's weights of a token as a row.
    fn rows_of(&self, weights: &Matrix) -> Result<Matrix> {
        cut(weights, self.heads * self.tokens)
    }

    /// What products of queries and keys are multiplied by.
    fn scale(&self) -> f32 {
        1.0 / f32::sqrt((self.dim / self.heads) as f32)
    }
}

/// Each row of a matrix without gaps as several rows.
fn cut(matrix: &Matrix, parts: usize) -> Result<Matrix> {
    let cols = matrix.cols() / parts;
    Matrix::new(matrix.buffer().clone(), matrix.rows() * parts, cols, cols)
}

const QUERIES: usize = 0;
const KEYS: usize = 1;
const VALUES: usize = 2;

impl Block for Attention {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let rows = x.rows();
        if rows == 0 {
            return Ok(());
        }
        let Between { projected, weights, attended, hidden, encoded } = self.between(rows);
        rec.scope(|rec| {
            let x = dense(rec, x)?;
            self.projection.forward(rec, &self.by_token(&x)?, &self.by_token(&projected)?)?;
            let scores = dense_scratch(rec, rows, weights.cols())?;
            for head in 0..self.heads {
                let of = |third| self.head(head, &projected, third);
                let keys = of(KEYS).transposed();
                record_product_into(rec, of(QUERIES), keys, self.of_head(head, &scores), false)?;
            }
            record_softmax_rows(rec, &self.rows_of(&scores)?, self.scale(), &self.rows_of(&weights)?)?;
            for head in 0..self.heads {
                let values = self.head(head, &projected, VALUES);
                let out = self.head(head, &attended, 0);
                record_product_into(rec, self.of_head(head, &weights), values, out, false)?;
            }
            let made = dense_scratch(rec, rows, attended.cols())?;
            self.joined.forward(rec, &self.by_token(&attended)?, &self.by_token(&made)?)?;
            self.norms[0].forward(rec, Some(&made), None, &x, &hidden)?;
            self.feed_forward.forward(rec, &self.by_token(&hidden)?, &self.by_token(&made)?)?;
            self.norms[1].forward(rec, Some(&made), None, &hidden, &encoded)
        })?;
        self.mixture.forward(rec, &encoded, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let rows = x.rows();
        if rows == 0 {
            self.parts().into_iter().for_each(|(_, part)| part.clear_gradients(rec));
            return Ok(());
        }
        let Between { projected, weights, attended, hidden, encoded } = self.between(rows);
        rec.scope(|rec| {
            let x = dense(rec, x)?;
            let room = |rec: &mut Recorder| dense_scratch(rec, rows, x.cols());
            // gradients of the sums in front of the norms, of what is right of the plus, and left of it
            let (dsum, dmade, dhidden) = (room(rec)?, room(rec)?, room(rec)?);
            let dinput = dx.map(|_| room(rec)).transpose()?;
            self.mixture.backward_into(rec, &encoded, dout, Some(&dmade), false)?;
            self.norms[1].backward(rec, &dmade, &dsum, Some(&dhidden))?;
            let (of_hidden, of_sum) = (self.by_token(&hidden)?, self.by_token(&dsum)?);
            self.feed_forward.backward(rec, &of_hidden, &of_sum, Some(&self.by_token(&dhidden)?))?;
            self.norms[0].backward(rec, &dhidden, &dsum, dinput.as_ref())?;
            let dattended = dmade;
            let target = Some(self.by_token(&dattended)?);
            self.joined.backward_into(rec, &self.by_token(&attended)?, &of_sum, target.as_ref(), false)?;
            let dprojected = dense_scratch(rec, rows, projected.cols())?;
            let (dweights, dscores) =
                (dense_scratch(rec, rows, weights.cols())?, dense_scratch(rec, rows, weights.cols())?);
            for head in 0..self.heads {
                let (grad, values) = (self.head(head, &dattended, 0), self.head(head, &projected, VALUES));
                record_product_into(rec, grad, values.transposed(), self.of_head(head, &dweights), false)?;
                let transposed = self.of_head(head, &weights).transposed();
                record_product_into(rec, transposed, grad, self.head(head, &dprojected, VALUES), false)?;
            }
            let [of_weights, grads, scores] = [&weights, &dweights, &dscores].map(|all| self.rows_of(all));
            record_softmax_rows_grad(rec, &of_weights?, &grads?, self.scale(), &scores?)?;
            for head in 0..self.heads {
                let scores = self.of_head(head, &dscores);
                let (queries, keys) =
                    (self.head(head, &projected, QUERIES), self.head(head, &projected, KEYS));
                record_product_into(rec, scores, keys, self.head(head, &dprojected, QUERIES), false)?;
                let transposed = scores.transposed();
                record_product_into(rec, transposed, queries, self.head(head, &dprojected, KEYS), false)?;
            }
            let target = dinput.as_ref().map(|dinput| self.by_token(dinput)).transpose()?;
            let (of_x, of_projected) = (self.by_token(&x)?, self.by_token(&dprojected)?);
            self.projection.backward(rec, &of_x, &of_projected, target.as_ref())?;
            match (dx, &dinput) {
                (Some(dx), Some(dinput)) => record_add_scaled(rec, dinput, 1.0, dx),
                _ => Ok(()),
            }
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let flat = [("qkv.", &self.projection), ("out.", &self.joined), ("ff.", &self.feed_forward)];
        let of_flat = flat.into_iter().flat_map(|(prefix, flat)| {
            flat.parts().into_iter().map(move |(name, part)| (format!("{prefix}{name}"), part))
        });
        let norms = self.norms.iter().enumerate();
        let norms = norms.map(|(i, norm)| (format!("norms.{i}."), norm as &dyn Trained));
        of_flat.chain(norms).chain([("linear.".to_owned(), &self.mixture as &dyn Trained)]).collect()
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        let flat = [&mut self.projection, &mut self.joined, &mut self.feed_forward];
        let of_flat = flat.into_iter().flat_map(Block::trainings);
        let norms = self.norms.iter_mut().map(Trained::training_mut);
        of_flat.chain(norms).chain([self.mixture.training_mut()]).collect()
    }
}
