//! Wukong's factorization-machine block (Zhang et al., 2024): all dot products of tokens, compressed by a learnt
//! projection before they are made, normed, and an MLP of these.

use super::block::Block;
use super::flat::Flat;
use crate::dense::DenseOptimizer;
use crate::dense::LayerNorm;
use crate::dense::batched::{Item, record_batch_product, record_batch_sum};
use crate::dense::parameter::Parameter;
use crate::dense::room::Room;
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::{Error, Matrix, Recorder, Result};

/// `MLP(norm(X (X^T Y)))`, `Y` of `[m, rank]`.
#[derive(Debug)]
pub(super) struct Fm {
    projection: Parameter,
    training: Training,
    dim: usize,
    /// `X^T Y`, `[max_batch, dim * rank]`, and `X (X^T Y)`, `[max_batch, m * rank]`.
    inner: Matrix,
    products: Matrix,
    /// Over all products of an example.
    norm: LayerNorm,
    normed: Matrix,
    mlp: Flat,
}

impl Trained for Fm {
    fn all(&self) -> Vec<&Parameter> {
        vec![&self.projection]
    }

    fn training(&self) -> &Training {
        &self.training
    }

    fn training_mut(&mut self) -> &mut Training {
        &mut self.training
    }
}

impl Fm {
    #[allow(clippy::too_many_arguments, reason = "what a module is made of")]
    pub(super) fn new(
        room: &mut Room,
        (inputs, outputs): (usize, usize),
        dim: usize,
        (rank, hidden): (usize, usize),
        max_batch: usize,
        optimizer: &DenseOptimizer,
        seed: u64,
    ) -> Result<Self> {
        if rank == 0 {
            return Err(Error::invalid("rank", "at least one for a factorization machine", rank));
        }
        let (scale, width) = (1.0 / f32::sqrt(inputs as f32), inputs * rank);
        let projection = Parameter::new(room, "projection", (inputs, rank), 0, scale, optimizer, seed)?;
        // the MLP's layers take the seeds behind
        let sizes = [width, hidden, outputs * dim];
        Ok(Self {
            projection,
            training: Training::new(optimizer)?,
            dim,
            inner: room.activation(max_batch, dim * rank)?,
            products: room.activation(max_batch, width)?,
            norm: LayerNorm::within(room, (1, width), max_batch, optimizer)?,
            normed: room.activation(max_batch, width)?,
            mlp: Flat::new(room, &sizes, max_batch, optimizer, seed.wrapping_add(1))?,
        })
    }

    fn inputs(&self) -> usize {
        self.projection.value.rows()
    }

    fn rank(&self) -> usize {
        self.projection.value.cols()
    }

    /// Where a batch's values lie in between.
    fn first(&self, rows: usize) -> [Matrix; 3] {
        [&self.inner, &self.products, &self.normed].map(|matrix| matrix.row_part(0, rows))
    }
}

impl Block for Fm {
    fn forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let [inner, products, normed] = self.first(x.rows());
        let tokens = Item::each(x, self.inputs(), self.dim);
        record_batch_product(rec, tokens.transposed(), Item::shared(&self.projection.value), &inner, false)?;
        record_batch_product(rec, tokens, Item::each(&inner, self.dim, self.rank()), &products, false)?;
        self.norm.forward(rec, None, None, &products, &normed)?;
        self.mlp.forward(rec, &normed, out)
    }

    fn backward(&self, rec: &mut Recorder, x: &Matrix, dout: &Matrix, dx: Option<&Matrix>) -> Result<()> {
        let [inner, products, normed] = self.first(x.rows());
        let tokens = Item::each(x, self.inputs(), self.dim);
        let (rank, projection) = (self.rank(), Item::shared(&self.projection.value));
        rec.scope(|rec| {
            let dnormed = scratch(rec, x.rows(), normed.cols())?;
            self.mlp.backward_into(rec, &normed, dout, Some(&dnormed), false)?;
            let dproducts = scratch(rec, x.rows(), products.cols())?;
            self.norm.backward(rec, &dnormed, &dproducts, None)?;
            let dinner = scratch(rec, x.rows(), inner.cols())?;
            let of_products = Item::each(&dproducts, self.inputs(), rank);
            record_batch_product(rec, tokens.transposed(), of_products, &dinner, false)?;
            let of_inner = Item::each(&dinner, self.dim, rank);
            record_batch_sum(rec, tokens, of_inner, &self.projection.grad)?;
            let Some(dx) = dx else { return Ok(()) };
            let inner = Item::each(&inner, self.dim, rank);
            record_batch_product(rec, of_products, inner.transposed(), dx, true)?;
            record_batch_product(rec, projection, of_inner.transposed(), dx, true)
        })
    }

    fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let own: [(_, &dyn Trained); 2] = [(String::new(), self), ("norm.".to_owned(), &self.norm)];
        let mlp = self.mlp.parts().into_iter().map(|(name, part)| (format!("mlp.{name}"), part));
        own.into_iter().chain(mlp).collect()
    }

    fn trainings(&mut self) -> Vec<&mut Training> {
        let own = [&mut self.training, self.norm.training_mut()];
        own.into_iter().chain(self.mlp.trainings()).collect()
    }
}
