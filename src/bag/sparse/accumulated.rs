//! One step by the gradients of several batches.

use super::SparseGradient;
use crate::Result;
use crate::bag::{EmbeddingBags, Gradients, JaggedBatch};
use crate::device::Recorder;

impl EmbeddingBags {
    /// Records one step by the gradients of several batches: each row that they touched is updated once, by
    /// the sum of its gradients, as a trainer that accumulates gradients wants it. With one batch it is
    /// [`EmbeddingBags::record_backward`], with none it is nothing.
    ///
    /// ```
    /// # use embag::optim::Adagrad;
    /// # use embag::{Context, EmbeddingBags, Matrix, Pooling, Recorder, Table};
    /// # let ctx = Context::cpu();
    /// # let mut bags = EmbeddingBags::builder(&ctx)
    /// #     .table("movie", Table::rows(500).dim(16))
    /// #     .feature("liked", "movie", Pooling::Mean)
    /// #     .optimizer(Adagrad::new(0.05))
    /// #     .build()?;
    /// let parts = [[7u32, 3], [3, 9]];
    /// let parts = parts.map(|ids| bags.batch().feature("liked", &ids).build());
    /// let [first, second] = parts;
    /// let (first, second) = (first?, second?);
    /// let grad = Matrix::from_slice(&ctx, &[0.5; 2 * 16], 2, 16)?;
    /// let mut rec = Recorder::new(&ctx);
    /// bags.record_accumulated(&mut rec, &[(&first, (&grad).into()), (&second, (&grad).into())])?;
    /// rec.run()?;
    /// assert_eq!(bags.steps(), 1);
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_backward`], and as
    /// [`EmbeddingBags::record_sparse_grad`] of several.
    pub fn record_accumulated(
        &mut self,
        rec: &mut Recorder,
        gradients: &[(&JaggedBatch, Gradients<'_>)],
    ) -> Result<()> {
        match gradients {
            [] => Ok(()),
            [(batch, gradient)] => self.record_backward(rec, batch, *gradient),
            _ => rec.whole(|rec| self.record_sum(rec, gradients)),
        }
    }

    fn record_sum(&mut self, rec: &mut Recorder, gradients: &[(&JaggedBatch, Gradients<'_>)]) -> Result<()> {
        let mut tables: Vec<Vec<SparseGradient>> = Vec::new();
        for (batch, gradient) in gradients {
            let of_tables = self.record_sparse_grad(rec, batch, *gradient)?;
            tables.resize_with(of_tables.len(), Vec::new);
            tables.iter_mut().zip(of_tables).for_each(|(table, gradient)| table.push(gradient));
        }
        let sums = tables.iter().map(|table| SparseGradient::record_sum(rec, table));
        let sums = sums.collect::<Result<Vec<_>>>()?;
        self.record_update(rec, &sums)
    }
}
