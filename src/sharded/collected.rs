//! Whole tables, read from the ranks that have their rows.

use super::ranks::{Call, Reader};
use super::shards::{Shard, shards};
use super::{Placement, ShardedBags, Traffic};
use crate::bag::EmbeddingBags;
use crate::numbers::narrow;
use crate::{Error, Result};

impl ShardedBags {
    /// Reads all rows of a table, row after row, on every rank. All ranks call it together.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if there is no such table; [`Error::Group`] if a rank is gone or late.
    pub fn download(&self, table: &str) -> Result<Vec<f32>> {
        self.collected(table, false, |bags, name| bags.download(name))
    }

    /// Reads optimizer state of all rows of a table on every rank, as [`EmbeddingBags::download_state`] does
    /// on one. All ranks call it together.
    ///
    /// # Errors
    /// As [`ShardedBags::download`], and if there is no such field.
    pub fn download_state(&self, table: &str, name: &str) -> Result<Vec<f32>> {
        let index = self.tables.iter().position(|(known, _)| known == table);
        let optimizer = index.and_then(|index| self.updates.optimizer_of(&self.tables[index].1));
        let fields = optimizer.map_or(&[][..], |optimizer| optimizer.states());
        // a name that is none is an error where the state is read
        let per_row = fields.iter().any(|field| field.name == name && field.per_row());
        self.collected(table, per_row, |bags, shard| bags.download_state(shard, name))
    }

    /// Values of each row of a table, put together from what `read` gives of its shards.
    fn collected(
        &self,
        table: &str,
        per_row: bool,
        read: impl Fn(&EmbeddingBags, &str) -> Result<Vec<f32>>,
    ) -> Result<Vec<f32>> {
        let (own, mut values) = match self.own_values(table, read) {
            Ok(values) => (Ok(0), values),
            Err(error) => (Err(error), Vec::new()),
        };
        self.ranks.agree(Call::Download, own)?;
        let index = self.find(table)?;
        let (_, whole) = &self.tables[index];
        if self.placements[index] == Placement::DataParallel {
            return Ok(values.pop().map_or_else(Vec::new, |(_, values)| values));
        }
        let mut message = Vec::new();
        for (part, values) in &values {
            message.extend([narrow(*part), narrow(values.len())]);
            message.extend::<&[u32]>(bytemuck::cast_slice(values));
        }
        let all = self.ranks.all_gather(Traffic::Tables, &message)?;
        let shards = shards(index, whole, self.placements[index], self.ranks.count());
        let mut found: Vec<&[f32]> = vec![&[]; shards.len()];
        for mut reader in Reader::each(Traffic::Tables, &all) {
            while !reader.rest.is_empty() {
                let part = reader.take(1)?[0] as usize;
                let values = reader.list()?;
                let place =
                    found.get_mut(part).ok_or_else(|| Error::on_rank(reader.rank, "a part that is none"))?;
                *place = bytemuck::cast_slice(values);
            }
        }
        Ok(joined(&shards, &found, whole.rows, if per_row { 1 } else { whole.dim }))
    }

    /// The values of the own shards of a table, with the numbers of these.
    fn own_values(
        &self,
        table: &str,
        read: impl Fn(&EmbeddingBags, &str) -> Result<Vec<f32>>,
    ) -> Result<Vec<(usize, Vec<f32>)>> {
        let index = self.find(table)?;
        if self.placements[index] == Placement::DataParallel {
            let values = self.replicas.iter().map(|(bags, _)| Ok((0, read(bags, table)?)));
            return values.collect();
        }
        let mut all = Vec::new();
        for held in [&self.pooling, &self.sending] {
            let Some(bags) = &held.bags else { continue };
            for (shard, name) in held.name_of(index) {
                all.push((shard.part, read(bags, &name)?));
            }
        }
        Ok(all)
    }
}

/// Rows of `columns` values, from those of shards: one if each shard has what is kept for a row, or else the
/// shards' columns.
fn joined(shards: &[Shard], found: &[&[f32]], rows: usize, columns: usize) -> Vec<f32> {
    let mut all = vec![0.0; rows * columns];
    for (shard, values) in shards.iter().zip(found) {
        let (first, width) = match columns {
            1 => (0, 1),
            _ => (shard.columns.start as usize, shard.columns.len()),
        };
        let of_shard = (shard.first_row as usize..rows).step_by(shard.row_step as usize);
        for (row, values) in of_shard.zip(values.chunks(width)) {
            all[row * columns + first..][..width].copy_from_slice(values);
        }
    }
    all
}
