//! Which tables are sorted and updated together.
//!
//! Where the host knows how many ids each feature has, tables are taken a few at a time: a chunk's keys need fewer
//! bits than those of all tables, its scratch memory is smaller, and on the CPU it stays in the caches.

use std::ops::Range;

use super::FeatureSpec;
use super::batch::Inner;
use super::device_batch::begins;
use super::gradient::Gradient;
use crate::device::Context;
use crate::kernels::part;
use crate::table::{Group, Part, Plan};

/// Tables whose ids are sorted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its features, in the order of the batch.
    pub(super) members: Vec<Member>,
    /// Ids of these features.
    pub(super) ids: u32,
    /// The tables' rows among the keys of their group. Within the chunk keys begin at 0.
    pub(super) keys: Range<u32>,
    /// The windows that the tables lie in.
    pub(super) windows: Range<usize>,
}

/// A feature of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) feature: usize,
    /// What is subtracted from the positions of its ids.
    pub(super) shift: u32,
    /// Otherwise its ids look like ids without a row.
    pub(super) in_use: bool,
}

/// One table with all its features' ids.
struct TableIds {
    table: usize,
    keys: Range<u32>,
    windows: Range<usize>,
    ids: u64,
    grad_bytes: u64,
}

impl Chunk {
    /// All ids of a batch, of which those in tables of a group are used.
    pub(super) fn whole(plan: &Plan, group: &Group, batch: &Inner) -> Self {
        let tables = batch.schema.features.iter().map(|spec| plan.first_window[spec.table]);
        Self {
            members: tables
                .enumerate()
                .map(|(feature, w)| Member { feature, shift: 0, in_use: group.windows.contains(&w) })
                .collect(),
            ids: batch.ids,
            keys: 0..group.rows,
            windows: group.windows.clone(),
        }
    }

    /// [`Chunk::whole`] for a single feature of the group.
    pub(super) fn single(self, feature: usize) -> Self {
        let members = self.members.iter();
        let members = members.map(|m| Member { in_use: m.in_use && m.feature == feature, ..*m });
        Self { members: members.collect(), ..self }
    }

    /// The chunks of a batch, each with at least one id; the last first, as the forward touched it last and some of
    /// it may still be in the caches.
    pub(super) fn all(plan: &Plan, batch: &Inner, gradient: &Gradient) -> Vec<Self> {
        let of_group = |group| match &batch.counts {
            None => vec![Self::whole(plan, group, batch)],
            Some(counts) => Self::of_group(plan, group, batch, counts, gradient),
        };
        let mut chunks: Vec<_> = plan.groups.iter().flat_map(of_group).collect();
        chunks.retain(|chunk| chunk.ids > 0);
        chunks.reverse();
        chunks
    }

    fn of_group(plan: &Plan, group: &Group, batch: &Inner, counts: &[u32], gradient: &Gradient) -> Vec<Self> {
        let most_ids = most_ids(&batch.ctx);
        // gradients that are copied must fit a binding
        let most_bytes = if gradient.fits { u64::MAX } else { batch.ctx.limits().binding };
        let features = &batch.schema.features;
        let begins = begins(counts);
        let mut chunks = Vec::new();
        let mut rest = &tables(plan, group, features, counts, gradient)[..];
        while let Some(first) = rest.first() {
            let (mut ids, mut bytes) = (0, 0);
            let fitting = rest.iter().take_while(|table| {
                ids += table.ids;
                bytes += table.grad_bytes;
                ids <= most_ids && bytes <= most_bytes
            });
            let (taken, later) = rest.split_at(fitting.count().max(1));
            rest = later;
            let mut place = 0;
            let members = (0..features.len())
                .filter(|&f| taken.iter().any(|table| table.table == features[f].table))
                .map(|feature| {
                    let shift = begins[feature] - place;
                    place += counts[feature];
                    Member { feature, shift, in_use: true }
                })
                .collect();
            chunks.push(Self {
                members,
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

    /// The parts of its tables in these windows, with what their random numbers are made of.
    pub(super) fn parts(
        &self,
        plan: &Plan,
        windows: Range<usize>,
        random: impl Fn(&Part) -> u32,
    ) -> Vec<part::Part> {
        let parts = plan.windows[windows].iter().flat_map(|window| &window.parts);
        parts
            .filter(|part| self.keys.contains(&part.key_first))
            .map(|part| part.for_kernel(self.key(part.key_first), random(part)))
            .collect()
    }
}

/// The tables of a group that have features, in the order of their keys.
fn tables(
    plan: &Plan,
    group: &Group,
    features: &[FeatureSpec],
    counts: &[u32],
    gradient: &Gradient,
) -> Vec<TableIds> {
    let mut tables = Vec::<TableIds>::new();
    for (f, (spec, &count)) in features.iter().zip(counts).enumerate() {
        let grad_bytes = gradient.packed_bytes(f);
        let first = plan.first_window[spec.table];
        if !group.windows.contains(&first) {
            continue;
        }
        if let Some(known) = tables.iter_mut().find(|known| known.table == spec.table) {
            known.ids += u64::from(count);
            known.grad_bytes += grad_bytes;
            continue;
        }
        let holds = |w: &usize| plan.windows[*w].parts.iter().any(|part| part.table == spec.table);
        let key = plan.first_key[spec.table];
        tables.push(TableIds {
            table: spec.table,
            keys: key..key + spec.shape.rows,
            windows: first..first + (first..group.windows.end).take_while(holds).count(),
            ids: count.into(),
            grad_bytes,
        });
    }
    // a table without rows comes before the one that begins at the same key
    tables.sort_by_key(|table| (table.keys.start, table.keys.end));
    tables
}

/// Ids for each thread of the CPU in a chunk of several tables: their keys and terms fit its second-level cache.
const IDS_PER_THREAD: u64 = 24 << 10;

/// Ids of a chunk of several tables on software adapters: one thread may have to walk all of them, if they are the same,
/// and there loops must be short.
const SOFTWARE_IDS: u64 = 1 << 16;

/// A chunk holds a single table, or tables with at most this many ids.
fn most_ids(ctx: &Context) -> u64 {
    if ctx.is_cpu() {
        IDS_PER_THREAD * crate::cpu::threads() as u64
    } else if ctx.loop_limit().is_some() {
        SOFTWARE_IDS.min(ctx.limits().binding / size_of::<part::Term>() as u64)
    } else {
        // terms, the largest of what is made for each id, must fit a binding
        ctx.limits().binding / size_of::<part::Term>() as u64
    }
}
