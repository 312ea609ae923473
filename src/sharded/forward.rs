//! Lookups: at the ranks that have the rows, or of rows that they send.

use std::ops::Range;

use super::batch::ShardedBatch;
use super::ranks::{Call, Reader};
use super::routing::{Bags, Routed};
use super::shards::Role;
use super::staging::asked;
use super::{ShardedBags, Traffic};
use crate::dense::{record_add_scaled, record_scale};
use crate::table::RowList;
use crate::{Matrix, Recorder, Result};

impl ShardedBags {
    /// Looks up every feature of this rank's examples: `[examples, columns]`, features side by side. All
    /// ranks call it together.
    ///
    /// # Errors
    /// As [`ShardedBags::prefetch`], and [`Error::Device`](crate::Error::Device) if a device fails.
    pub fn forward(&mut self, batch: &ShardedBatch) -> Result<Matrix> {
        let routed = self.routed(batch)?;
        let (own, messages) = match self.looked_up(&routed) {
            Ok(messages) => (Ok(0), messages),
            Err(error) => (Err(error), Messages::default()),
        };
        self.ranks.agree(Call::Forward, own)?;
        if let Some(out) = self.alone(&routed) {
            return out;
        }
        let rows = match self.sends(Role::Send) {
            true => self.ranks.all_to_all(Traffic::Rows, messages.rows)?,
            false => Vec::new(),
        };
        let pooled = match self.sends(Role::Pool) {
            true => self.ranks.all_to_all(Traffic::Pooled, messages.pooled)?,
            false => Vec::new(),
        };
        self.assembled(batch, &routed, &rows, &pooled)
    }

    /// The output of a group of one, which has all tables whole.
    fn alone(&self, routed: &Routed) -> Option<Result<Matrix>> {
        let [pooling, _] = &routed.roles;
        let (bags, batch) = self.pooling.bags.as_ref().zip(pooling.batch.as_ref())?;
        (self.ranks.count() == 1).then(|| bags.forward(batch))
    }

    /// Whether any rank has shards of this role.
    pub(super) fn sends(&self, role: Role) -> bool {
        self.held(role).routes.iter().any(|routes| !routes.is_empty())
    }

    /// What each rank gets of the own shards.
    fn looked_up(&self, routed: &Routed) -> Result<Messages> {
        routed.check()?;
        let [pooling, sending] = &routed.roles;
        let ranks = self.ranks.count();
        let mut messages = Messages { rows: vec![Vec::new(); ranks], pooled: vec![Vec::new(); ranks] };
        if ranks == 1 {
            return Ok(messages);
        }
        if let (Some(bags), Some(batch)) = (&self.pooling.bags, &pooling.batch) {
            let values = bags.forward(batch)?.to_vec(&self.ctx)?;
            let routes = &self.pooling.routes[self.ranks.rank()];
            let mut rows = values.chunks(bags.output_cols());
            for ((message, received), &examples) in
                messages.pooled.iter_mut().zip(&pooling.received).zip(&routed.examples)
            {
                let own: Vec<&[f32]> = rows.by_ref().take(examples).collect();
                for (route, bags) in routes.iter().zip(received) {
                    for (row, _) in own.iter().zip(&bags.lengths).filter(|(_, length)| **length > 0) {
                        message.extend::<&[u32]>(bytemuck::cast_slice(&row[route.columns.clone()]));
                    }
                }
            }
        }
        if let Some(bags) = &self.sending.bags {
            let routes = &self.sending.routes[self.ranks.rank()];
            let tables = bags.store().tables();
            let mut lists = Vec::new();
            for received in &sending.received {
                for (table, rows) in asked(routes, received) {
                    let shard = self.sending.name_of(table).map(|(_, name)| name).next().unwrap_or_default();
                    lists.push(RowList { table: tables.find(&shard)?, rows });
                }
            }
            let (words, ranges) = tables.gather_weights(&lists)?;
            for (message, ranges) in messages.rows.iter_mut().zip(ranges.chunks(lists.len() / ranks)) {
                ranges.iter().for_each(|range| message.extend(&words[range.clone()]));
            }
        }
        Ok(messages)
    }

    /// The output, of what came from each rank and of the tables that are here.
    fn assembled(
        &mut self,
        batch: &ShardedBatch,
        routed: &Routed,
        rows: &[Vec<u32>],
        pooled: &[Vec<u32>],
    ) -> Result<Matrix> {
        let (examples, cols) = (batch.len(), self.output_cols());
        let first = self.schema.first_columns(self.schema.all());
        let columns: Vec<Range<usize>> = first
            .into_iter()
            .map(|(feature, first)| {
                let dim = self.schema.features[feature].shape.dim;
                first as usize..(first + dim) as usize
            })
            .collect();
        let mut whole = vec![0.0; examples * cols];
        // sums whose rows are spread come in a part from every rank
        let mut parts: Vec<Vec<f32>> = Vec::new();
        let readers = Reader::each(Traffic::Pooled, pooled);
        for (rank, (mut reader, routes)) in readers.into_iter().zip(&self.pooling.routes).enumerate() {
            let mut part = routes.iter().any(|route| route.by_row).then(|| vec![0.0; examples * cols]);
            for (route, bags) in routes.iter().zip(&routed.roles[Role::Pool as usize].sent[rank]) {
                let target = match &mut part {
                    Some(part) if route.by_row => part,
                    _ => &mut whole,
                };
                let column = columns[route.feature].start + route.shard.columns.start as usize;
                place(&mut reader, bags, column, cols, route.columns.len(), target)?;
            }
            parts.extend(part);
        }
        let at_home = self.pooled_at_home(&batch.inner, routed, rows)?;
        let copied = match (&self.replicas, &routed.replicas) {
            (Some((bags, features)), Some(batch)) => Some((bags.forward(batch)?, features.clone())),
            _ => None,
        };
        let out = Matrix::from_slice(&self.ctx, &whole, examples, cols)?;
        let mut rec = Recorder::new(&self.ctx);
        let parts = parts.iter().map(|part| Matrix::from_slice(&self.ctx, part, examples, cols));
        self.record_parts(&mut rec, &parts.collect::<Result<Vec<_>>>()?, &columns, &out)?;
        for (values, features) in
            at_home.map(|values| (values, self.sent_features())).into_iter().chain(copied)
        {
            let mut from = 0;
            for columns in features.into_iter().map(|feature| &columns[feature]) {
                let source = values.columns(from, columns.len())?;
                record_scale(&mut rec, &source, 1.0, &out.columns(columns.start, columns.len())?)?;
                from += columns.len();
            }
        }
        rec.run()?;
        Ok(out)
    }

    /// Records the sums of what came in parts, rank after rank.
    fn record_parts(
        &self,
        rec: &mut Recorder,
        parts: &[Matrix],
        columns: &[Range<usize>],
        out: &Matrix,
    ) -> Result<()> {
        let spread = |feature: &usize| {
            self.pooling.routes.iter().flatten().any(|route| route.by_row && route.feature == *feature)
        };
        for columns in (0..columns.len()).filter(spread).map(|feature| &columns[feature]) {
            let target = out.columns(columns.start, columns.len())?;
            for (rank, part) in parts.iter().enumerate() {
                let part = part.columns(columns.start, columns.len())?;
                match rank {
                    0 => record_scale(rec, &part, 1.0, &target)?,
                    _ => record_add_scaled(rec, &part, 1.0, &target)?,
                }
            }
        }
        Ok(())
    }
}

/// What each rank gets in a forward pass.
#[derive(Debug, Default)]
struct Messages {
    rows: Vec<Vec<u32>>,
    pooled: Vec<Vec<u32>>,
}

/// Puts the values of bags that have ids into rows of `cols` values, from a column on.
pub(super) fn place(
    reader: &mut Reader<'_>,
    bags: &Bags,
    column: usize,
    cols: usize,
    width: usize,
    target: &mut [f32],
) -> Result<()> {
    for (row, _) in target.chunks_mut(cols).zip(&bags.lengths).filter(|(_, length)| **length > 0) {
        row[column..column + width].copy_from_slice(bytemuck::cast_slice(reader.take(width)?));
    }
    Ok(())
}
