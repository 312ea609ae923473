//! Rows that other ranks sent, to be pooled here.

use std::collections::BTreeMap;

use super::ShardedBags;
use super::batch::Inner;
use super::routing::{Bags, Routed, whole_bags};
use super::shards::{Role, Route};
use crate::bag::{EmbeddingBags, JaggedBatch};
use crate::numbers::narrow;
use crate::table::Table;
use crate::{Matrix, Result};

/// Room for the rows of a batch, and the features that pool them.
#[derive(Debug, Default)]
pub(super) struct Staging {
    bags: Option<EmbeddingBags>,
    /// Rows of each table that there is room for.
    room: BTreeMap<usize, usize>,
}

/// The distinct rows of tables that one rank asks of another, by the numbers of its shards, ascending. Both
/// know them from the ids that were sent.
pub(super) type Asked = BTreeMap<usize, Vec<u32>>;

/// What is asked by these bags.
pub(super) fn asked(routes: &[Route], bags: &[Bags]) -> Asked {
    let mut all = Asked::new();
    for (route, bags) in routes.iter().zip(bags) {
        all.entry(route.shard.table).or_default().extend(&bags.ids);
    }
    for rows in all.values_mut() {
        rows.sort_unstable();
        rows.dedup();
    }
    all
}

impl ShardedBags {
    /// Pools the rows that came, as words, from each rank; nothing if there are no tables whose rows are
    /// sent.
    pub(super) fn pooled_at_home(
        &mut self,
        batch: &Inner,
        routed: &Routed,
        came: &[Vec<u32>],
    ) -> Result<Option<Matrix>> {
        let sent = &routed.roles[Role::Send as usize].sent;
        let asked: Vec<Asked> =
            self.sending.routes.iter().zip(sent).map(|(routes, bags)| asked(routes, bags)).collect();
        let mut needed = BTreeMap::<usize, usize>::new();
        for (&table, rows) in asked.iter().flatten() {
            *needed.entry(table).or_default() += rows.len();
        }
        if needed.is_empty() {
            return Ok(None);
        }
        self.make_room(&needed)?;
        let Some(bags) = &self.staging.bags else { return Ok(None) };
        // of each table, the rows lie rank after rank
        let mut rest: Vec<&[u32]> = came.iter().map(Vec::as_slice).collect();
        for (index, (&table, &rows)) in needed.iter().enumerate() {
            let row_words = bags.store().tables().shape(index).row_bytes() / 4;
            let mut words = Vec::new();
            for (asked, rest) in asked.iter().zip(&mut rest) {
                let own = asked.get(&table).map_or(0, Vec::len) as u64 * row_words;
                let (now, later) = rest.split_at(usize::try_from(own).unwrap_or(usize::MAX).min(rest.len()));
                words.extend(now);
                *rest = later;
            }
            if rows > 0 {
                drop(bags.store().tables().write_row_words(index, 0, narrow(rows), &words).submit()?);
            }
        }
        let batch = self.home_batch(bags, batch, &asked)?;
        bags.forward(&batch).map(Some)
    }

    /// Own bags, with the places of rows for ids.
    fn home_batch(&self, bags: &EmbeddingBags, batch: &Inner, asked: &[Asked]) -> Result<JaggedBatch> {
        let ranks = asked.len();
        let mut home = bags.batch();
        for feature in self.sent_features() {
            let spec = &self.schema.features[feature];
            let none = Vec::new();
            let of_rank: Vec<&Vec<u32>> =
                asked.iter().map(|asked| asked.get(&spec.table).unwrap_or(&none)).collect();
            let begins: Vec<usize> = of_rank
                .iter()
                .scan(0, |end, rows| {
                    *end += rows.len();
                    Some(*end - rows.len())
                })
                .collect();
            let place = |row: u32| {
                let (rank, local) = (row as usize % ranks, row / narrow(ranks));
                narrow(begins[rank] + of_rank[rank].partition_point(|&known| known < local))
            };
            let rows = whole_bags(&batch.flat, feature).rows_only(spec);
            let ids: Vec<u32> = rows.ids.iter().map(|&row| place(row)).collect();
            home = home.bags(&spec.name, &ids, &rows.lengths);
            if let Some(weights) = &rows.weights {
                home = home.weights(&spec.name, weights);
            }
        }
        home.build()
    }

    /// The features that are pooled at home, in their order.
    pub(super) fn sent_features(&self) -> Vec<usize> {
        let mut features: Vec<usize> =
            self.sending.routes.iter().flatten().map(|route| route.feature).collect();
        features.sort_unstable();
        features.dedup();
        features
    }

    /// Makes tables that have so many rows.
    fn make_room(&mut self, needed: &BTreeMap<usize, usize>) -> Result<()> {
        let Staging { bags, room } = &self.staging;
        if bags.is_some()
            && needed.iter().all(|(table, rows)| room.get(table).is_some_and(|room| room >= rows))
        {
            return Ok(());
        }
        let room: BTreeMap<usize, usize> =
            needed.iter().map(|(&table, &rows)| (table, rows.next_power_of_two())).collect();
        let mut builder = EmbeddingBags::builder(&self.ctx);
        for (&table, &rows) in &room {
            let (name, whole) = &self.tables[table];
            let room = Table { format: whole.format, ..Table::rows(rows).dim(whole.dim) };
            builder = builder.table(name, room.init(crate::Init::Zero));
        }
        for feature in self.sent_features() {
            let spec = &self.schema.features[feature];
            builder = builder.feature(&spec.name, &self.tables[spec.table].0, spec.pooling);
        }
        self.staging = Staging { bags: Some(builder.build()?), room };
        Ok(())
    }
}
