//! Which tables are sorted and updated together.
//!
//! Where the host knows how many ids each feature has, tables are taken a few at a time: a chunk's keys need fewer
//! bits than those of all tables, its scratch memory is smaller, and on the CPU it stays in the caches.

use std::ops::Range;

use super::FeatureSpec;
use super::batch::Inner;
use super::device_batch::begins;
use crate::device::Context;
use crate::kernels::part;
use crate::table::{Group, Plan};

/// Tables whose ids are sorted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The features that are looked at, in the order of the batch, with what is subtracted from the positions of
    /// their ids.
    pub(super) features: Vec<(usize, u32)>,
    /// Ids of these features.
    pub(super) ids: u32,
    /// The tables' rows among the keys of their group. Within the chunk keys begin at 0.
    pub(super) keys: Range<u32>,
    /// The windows that the tables lie in.
    pub(super) windows: Range<usize>,
}

/// One table with all its features' ids.
struct TableIds {
    table: usize,
    keys: Range<u32>,
    windows: Range<usize>,
    ids: u64,
}

impl Chunk {
    /// All ids of a batch; those of other groups look like ids without a row.
    pub(super) fn whole(group: &Group, batch: &Inner) -> Self {
        Self {
            features: (0..batch.schema.features.len()).map(|f| (f, 0)).collect(),
            ids: batch.ids,
            keys: 0..group.rows,
            windows: group.windows.clone(),
        }
    }

    /// The chunks of a batch, each with at least one id; the last first, as the forward touched it last and some of
    /// it may still be in the caches.
    pub(super) fn all(plan: &Plan, batch: &Inner) -> Vec<Self> {
        let most = most_ids(&batch.ctx);
        let of_group = |group| match &batch.counts {
            None => vec![Self::whole(group, batch)],
            Some(counts) => Self::of_group(plan, group, &batch.schema.features, counts, most),
        };
        let mut chunks: Vec<_> = plan.groups.iter().flat_map(of_group).collect();
        chunks.retain(|chunk| chunk.ids > 0);
        chunks.reverse();
        chunks
    }

    fn of_group(
        plan: &Plan,
        group: &Group,
        features: &[FeatureSpec],
        counts: &[u32],
        most: u64,
    ) -> Vec<Self> {
        let begins = begins(counts);
        let mut chunks = Vec::new();
        let mut rest = &tables(plan, group, features, counts)[..];
        while let Some(first) = rest.first() {
            let mut ids = 0;
            let fitting = rest.iter().take_while(|table| {
                ids += table.ids;
                ids <= most
            });
            let (taken, later) = rest.split_at(fitting.count().max(1));
            rest = later;
            let mut place = 0;
            let members = (0..features.len())
                .filter(|&f| taken.iter().any(|table| table.table == features[f].table))
                .map(|f| {
                    let shift = begins[f] - place;
                    place += counts[f];
                    (f, shift)
                })
                .collect();
            chunks.push(Self {
                features: members,
                ids: place,
                keys: first.keys.start..taken.iter().map(|table| table.keys.end).max().unwrap_or(0),
                windows: first.windows.start..taken.iter().map(|table| table.windows.end).max().unwrap_or(0),
            });
        }
        chunks
    }

    /// The key of ids without a row: above all others.
    pub(super) fn none_key(&self) -> u32 {
        self.keys.len().try_into().unwrap_or(u32::MAX)
    }

    /// The chunk's key of a row, from its key in the group.
    pub(super) fn key(&self, key: u32) -> u32 {
        key.saturating_sub(self.keys.start).min(self.none_key())
    }

    /// The parts of its tables in these windows.
    pub(super) fn parts(&self, plan: &Plan, windows: Range<usize>) -> Vec<part::Part> {
        let parts = plan.windows[windows].iter().flat_map(|window| &window.parts);
        parts
            .filter(|part| self.keys.contains(&part.key_first))
            .map(|part| part::Part {
                key_first: self.key(part.key_first),
                rows: part.rows,
                base: part.base,
                state_base: part.state_base,
                dim: part.dim,
            })
            .collect()
    }
}

/// The tables of a group that have features, in the order of their keys.
fn tables(plan: &Plan, group: &Group, features: &[FeatureSpec], counts: &[u32]) -> Vec<TableIds> {
    let mut tables = Vec::<TableIds>::new();
    for (spec, &count) in features.iter().zip(counts) {
        let first = plan.first_window[spec.table];
        if !group.windows.contains(&first) {
            continue;
        }
        if let Some(known) = tables.iter_mut().find(|known| known.table == spec.table) {
            known.ids += u64::from(count);
            continue;
        }
        let holds = |w: &usize| plan.windows[*w].parts.iter().any(|part| part.table == spec.table);
        let key = plan.first_key[spec.table];
        tables.push(TableIds {
            table: spec.table,
            keys: key..key + spec.shape.rows,
            windows: first..first + (first..group.windows.end).take_while(holds).count(),
            ids: count.into(),
        });
    }
    // a table without rows comes before the one that begins at the same key
    tables.sort_by_key(|table| (table.keys.start, table.keys.end));
    tables
}

/// Ids for each thread of the CPU in a chunk of several tables: their keys and terms fit its second-level cache.
const IDS_PER_THREAD: u64 = 24 << 10;

/// A chunk holds a single table, or tables with at most this many ids.
fn most_ids(ctx: &Context) -> u64 {
    if ctx.is_cpu() {
        IDS_PER_THREAD * rayon::current_num_threads() as u64
    } else {
        // terms, the largest of what is made for each id, must fit a binding
        ctx.limits().binding / size_of::<part::Term>() as u64
    }
}
