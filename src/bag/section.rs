//! Which tables are sorted and updated together.
//!
//! Where the host knows how many ids each feature has, tables are taken a few at a time: a section's keys
//! need fewer bits than those of all tables, its scratch memory is smaller, and on the CPU it stays in the
//! caches.

use std::ops::Range;

use super::FeatureSpec;
use super::batch::Inner;
use super::device_batch::begins;
use super::gradient::Gradient;
use crate::device::Context;
use crate::kernels::part;
use crate::table::{Group, Plan};
use crate::update::KeySpan;

/// Tables whose ids are sorted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// Its features, in the order of the batch.
    pub(super) members: Vec<Member>,
    /// Ids of these features.
    pub(super) ids: u32,
    /// The tables' rows.
    pub(super) span: KeySpan,
}

/// A feature of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) feature: usize,
    /// What is subtracted from the positions of its ids.
    pub(crate) shift: u32,
    /// Otherwise its ids look like ids without a row.
    pub(crate) in_use: bool,
}

/// One table with all its features' ids.
struct TableIds {
    table: usize,
    keys: Range<u32>,
    windows: Range<usize>,
    ids: u64,
    grad_bytes: u64,
}

impl Section {
    /// All ids of a batch, of which those in tables of a group are used.
    pub(super) fn whole(plan: &Plan, group: &Group, batch: &Inner) -> Self {
        let tables = batch.schema.features.iter().map(|spec| plan.first_window[spec.table]);
        Self {
            members: tables
                .enumerate()
                .map(|(feature, w)| Member { feature, shift: 0, in_use: group.windows.contains(&w) })
                .collect(),
            ids: batch.ids,
            span: KeySpan::of_group(group),
        }
    }

    /// [`Section::whole`] for a single feature of the group.
    pub(super) fn single(self, feature: usize) -> Self {
        let members = self.members.iter();
        let members = members.map(|m| Member { in_use: m.in_use && m.feature == feature, ..*m });
        Self { members: members.collect(), ..self }
    }

    /// The sections of a batch, each with at least one id; the last first, as the forward touched it last and
    /// some of it may still be in the caches.
    pub(super) fn all(plan: &Plan, batch: &Inner, gradient: &Gradient) -> Vec<Self> {
        let of_group = |group| match &batch.counts {
            None => vec![Self::whole(plan, group, batch)],
            Some(counts) => Self::of_group(plan, group, batch, counts, gradient),
        };
        let mut sections: Vec<_> = plan.groups.iter().flat_map(of_group).collect();
        sections.retain(|section| section.ids > 0);
        sections.reverse();
        sections
    }

    fn of_group(plan: &Plan, group: &Group, batch: &Inner, counts: &[u32], gradient: &Gradient) -> Vec<Self> {
        let most_ids = most_ids(&batch.ctx);
        // gradients that are copied must fit a binding
        let most_bytes = if gradient.fits { u64::MAX } else { batch.ctx.limits().binding };
        let features = &batch.schema.features;
        let begins = begins(counts);
        let mut sections = Vec::new();
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
            sections.push(Self {
                members,
                ids: place,
                span: KeySpan {
                    keys: first.keys.start..last(taken, |table| table.keys.end),
                    windows: first.windows.start..last(taken, |table| table.windows.end),
                },
            });
        }
        sections
    }
}

/// The largest end of these tables.
fn last<T: Ord + Default>(tables: &[TableIds], end: impl Fn(&TableIds) -> T) -> T {
    tables.iter().map(end).max().unwrap_or_default()
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

/// Ids for each thread of the CPU in a section of several tables: their keys and terms fit its second-level
/// cache.
const IDS_PER_THREAD: u64 = 24 << 10;

/// Ids of a section of several tables on software adapters: one thread may have to walk all of them, if they
/// are the same, and there loops must be short.
const SOFTWARE_IDS: u64 = 1 << 16;

/// A section holds a single table, or tables with at most this many ids.
fn most_ids(ctx: &Context) -> u64 {
    if ctx.is_cpu() {
        IDS_PER_THREAD * ctx.threads().count() as u64
    } else if ctx.loop_limit().is_some() {
        SOFTWARE_IDS.min(ctx.limits().binding / size_of::<part::Term>() as u64)
    } else {
        // terms, the largest of what is made for each id, must fit a binding
        ctx.limits().binding / size_of::<part::Term>() as u64
    }
}
