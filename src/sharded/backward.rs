//! Steps: gradients go to the ranks that have the rows.

use super::batch::ShardedBatch;
use super::forward::place;
use super::ranks::{Call, Reader, put_list};
use super::routing::{RoleBatch, Routed};
use super::shards::Role;
use super::{ShardedBags, Traffic};
use crate::bag::SparseGradient;
use crate::{Error, Matrix, Result};

impl ShardedBags {
    /// Updates every row that the group's batch touched, once, with the optimizer. `grad` is the gradient of
    /// this rank's output. All ranks call it together.
    ///
    /// # Errors
    /// As [`ShardedBags::forward`], and [`Error::Rank`] on all ranks if there is no optimizer, or `grad` has
    /// not the output's shape on one of them; nothing is written then.
    pub fn backward(&mut self, batch: &ShardedBatch, grad: &Matrix) -> Result<()> {
        let routed = self.routed(batch)?;
        let (own, (messages, replicated)) = match self.gradients(batch, &routed, grad) {
            Ok(messages) => (Ok(0), messages),
            Err(error) => (Err(error), Default::default()),
        };
        self.ranks.agree(Call::Backward, own)?;
        if self.ranks.count() == 1 {
            return self.step_alone(&routed, grad);
        }
        let came = match Role::ALL.into_iter().any(|role| self.sends(role)) {
            true => self.ranks.all_to_all(Traffic::Gradients, messages)?,
            false => Vec::new(),
        };
        if self.replicas.as_ref().is_some_and(|(bags, _)| bags.store().trains()) {
            let all = self.ranks.all_gather(Traffic::Gradients, &replicated)?;
            self.update_replicas(&all)?;
        }
        if came.is_empty() {
            return Ok(());
        }
        let mut readers = Reader::each(Traffic::Gradients, &came);
        for role in Role::ALL {
            self.update_shards(role, &routed, &mut readers)?;
        }
        Ok(())
    }

    /// The step of a group of one, which has all tables whole.
    fn step_alone(&mut self, routed: &Routed, grad: &Matrix) -> Result<()> {
        let [pooling, _] = &routed.roles;
        match self.pooling.bags.as_mut().zip(pooling.batch.as_ref()) {
            Some((bags, batch)) => bags.backward(batch, grad),
            None => Ok(()),
        }
    }

    /// What each rank gets of the gradient, and the sums of the rows of tables that all ranks have.
    fn gradients(
        &self,
        batch: &ShardedBatch,
        routed: &Routed,
        grad: &Matrix,
    ) -> Result<(Vec<Vec<u32>>, Vec<u32>)> {
        routed.check()?;
        grad.check_shape("grad", batch.len(), self.output_cols())?;
        if self.tables.iter().all(|(_, table)| self.updates.optimizer.or(table.own.optimizer).is_none()) {
            return Err(Error::invalid("optimizer", "one, for a backward", "none"));
        }
        if self.ranks.count() == 1 {
            return Ok(Default::default());
        }
        let values = grad.to_vec(&self.ctx)?;
        let cols = self.output_cols();
        let first = self.schema.first_columns(self.schema.all());
        let mut messages = vec![Vec::new(); self.ranks.count()];
        for role in Role::ALL {
            let sent = &routed.roles[role as usize].sent;
            for ((message, routes), bags) in messages.iter_mut().zip(&self.held(role).routes).zip(sent) {
                for (route, bags) in routes.iter().zip(bags) {
                    let begin = (first[route.feature].1 + route.shard.columns.start) as usize;
                    let rows = values.chunks(cols).zip(&bags.lengths).filter(|(_, length)| **length > 0);
                    for (row, _) in rows {
                        let part = &row[begin..begin + route.columns.len()];
                        message.extend::<&[u32]>(bytemuck::cast_slice(part));
                    }
                }
            }
        }
        let mut replicated = Vec::new();
        if let (Some((bags, features)), Some(batch)) = (&self.replicas, &routed.replicas)
            && bags.store().trains()
        {
            let parts: Vec<Matrix> = features
                .iter()
                .map(|&f| grad.columns(first[f].1 as usize, self.schema.features[f].shape.dim as usize))
                .collect::<Result<_>>()?;
            for gradient in bags.sparse_grad(batch, &parts)? {
                let (rows, values, counts) = gradient.to_host()?;
                put_list(&mut replicated, &rows);
                put_list(&mut replicated, &counts);
                replicated.extend::<&[u32]>(bytemuck::cast_slice(&values));
            }
        }
        Ok((messages, replicated))
    }

    /// Adds up the gradients of all ranks, in their order, and takes a step.
    fn update_replicas(&mut self, all: &[Vec<u32>]) -> Result<()> {
        let Some((bags, _)) = &mut self.replicas else { return Ok(()) };
        let mut readers = Reader::each(Traffic::Gradients, all);
        let mut sums = Vec::new();
        for table in bags.tables().to_vec() {
            let dim = bags.table_shape(&table)?.1;
            let gradients = readers.iter_mut().map(|reader| {
                let (rows, counts) = (reader.list()?, reader.list()?);
                let values: &[f32] = bytemuck::cast_slice(reader.take(rows.len() * dim)?);
                SparseGradient::from_host(bags, &table, rows, values, Some(counts))
            });
            sums.push(SparseGradient::sum(&gradients.collect::<Result<Vec<_>>>()?)?);
        }
        bags.update(&sums)
    }

    /// The ordinary backward of the own shards, with the gradients of everyone.
    fn update_shards(&mut self, role: Role, routed: &Routed, readers: &mut [Reader<'_>]) -> Result<()> {
        let ctx = self.ctx.clone();
        let rank = self.ranks.rank();
        let held = self.held_mut(role);
        let Some(bags) = &mut held.bags else { return Ok(()) };
        let RoleBatch { received, batch, .. } = &routed.roles[role as usize];
        let Some(batch) = batch else { return Ok(()) };
        let cols = bags.output_cols();
        let mut values = vec![0.0; batch.len() * cols];
        let mut rest = &mut values[..];
        for ((reader, received), &examples) in readers.iter_mut().zip(received).zip(&routed.examples) {
            let (own, later) = rest.split_at_mut(examples * cols);
            rest = later;
            for (route, bags) in held.routes[rank].iter().zip(received) {
                place(reader, bags, route.columns.start, cols, route.columns.len(), own)?;
            }
        }
        let grad = Matrix::from_slice(&ctx, &values, batch.len(), cols)?;
        // of tables without an optimizer, where others have one
        if !bags.store().trains() {
            return Ok(());
        }
        bags.backward(batch, &grad)
    }
}
