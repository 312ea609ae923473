//! Places tables so that ranks have about as much to do, and no more rows than they have room for.

use std::fmt;

use serde::Serialize;

use super::load::TableLoad;
use super::{Exchange, Load, Placement, Plan};
use crate::{Error, Result};

/// A plan, and what it is likely to cost.
///
/// Its text is a table of tables and ranks; [`serde_json::to_string`] makes the same as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    plan: Plan,
    tables: Vec<PlannedTable>,
    ranks: Vec<RankLoad>,
}

/// Where a table goes, and what a batch asks of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct PlannedTable {
    name: String,
    placement: Placement,
    /// Of rows and optimizer state.
    bytes: u64,
    ids: f64,
    rows: f64,
}

/// What a rank has and does for a batch of all ranks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RankLoad {
    /// Of rows and optimizer state.
    pub bytes: u64,
    /// Ids that it looks up.
    pub ids: f64,
    /// Bytes of the rows that it looks up.
    pub row_bytes: f64,
    /// Bytes that it sends to other ranks, in a forward and a backward pass.
    pub sent: f64,
}

/// A table to be placed.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) rows: u64,
    pub(super) dim: u64,
    /// Of a row, and of its optimizer state.
    pub(super) row_bytes: u64,
    pub(super) state_bytes: u64,
    /// Whether a feature makes a maximum of its rows.
    pub(super) maxima: bool,
}

impl Candidate<'_> {
    fn bytes(&self) -> u64 {
        self.rows * (self.row_bytes + self.state_bytes)
    }
}

/// What a batch asks of a table, and of the ranks' rows if these are spread.
struct Asked {
    ids: f64,
    rows: f64,
    bags: f64,
    /// By rank: ids, and distinct rows.
    spread: Vec<(f64, f64)>,
}

impl Asked {
    fn of(load: &TableLoad, ranks: usize) -> Self {
        let mut spread = vec![(0.0, 0.0); ranks];
        let ranks = ranks as u64;
        for (row, &times) in &load.rows {
            let (ids, rows) = &mut spread[usize::try_from(row % ranks).unwrap_or(0)];
            *ids += times as f64;
            *rows += 1.0;
        }
        Self { ids: load.ids as f64, rows: load.rows.len() as f64, bags: load.bags as f64, spread }
    }
}

/// The most tables, of those that are asked for most, that may be spread over all ranks to even out the
/// others.
const SPREAD: usize = 40;
/// Ranks that differ by less do as much.
const EVEN: f64 = 1.1;

/// Places tables, with as many of the busiest ones spread over all ranks as leaves ranks the most alike and,
/// of those that do, sends the least.
pub(super) fn planned(
    candidates: &[Candidate<'_>],
    load: &Load,
    ranks: usize,
    allowed: u64,
) -> Result<Planned> {
    if let Some(name) = load.names().find(|name| !candidates.iter().any(|table| table.name == **name)) {
        let names: Vec<&str> = candidates.iter().map(|table| table.name).collect();
        return Err(Error::invalid("load", format!("tables of {names:?}"), format!("{name:?}")));
    }
    let asked: Vec<Asked> = candidates.iter().map(|table| Asked::of(&load.of(table.name), ranks)).collect();
    let mut best: Option<Planned> = None;
    for spread in 0..=candidates.len().min(SPREAD) {
        let found = placed(candidates, &asked, ranks, allowed, spread)?;
        let cost = |plan: &Planned| {
            let sent: f64 = plan.ranks.iter().map(|rank| rank.sent).sum();
            (plan.imbalance().max(EVEN), sent)
        };
        let better = |best: &Planned| cost(&found).partial_cmp(&cost(best)) == Some(std::cmp::Ordering::Less);
        if best.as_ref().is_none_or(better) {
            best = Some(found);
        }
    }
    best.ok_or_else(|| Error::invalid("tables", "at least one", "none"))
}

/// Places tables, those with the most to do first: the first `spread` of them on all ranks, others on the
/// rank that has the least to do and room for them.
fn placed(
    candidates: &[Candidate<'_>],
    asked: &[Asked],
    ranks: usize,
    allowed: u64,
    spread: usize,
) -> Result<Planned> {
    let work = |at: usize| asked[at].ids * candidates[at].row_bytes as f64;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| {
        work(b).total_cmp(&work(a)).then(candidates[b].bytes().cmp(&candidates[a].bytes())).then(a.cmp(&b))
    });
    let mut all = vec![RankLoad::default(); ranks];
    let mut placements = vec![Placement::TableWise(0); candidates.len()];
    for (turn, at) in order.into_iter().enumerate() {
        let (table, asked) = (&candidates[at], &asked[at]);
        let with = |placement: Placement, all: &[RankLoad]| {
            let added =
                all.iter().enumerate().map(|(rank, load)| load.with(table, asked, placement, rank, ranks));
            added.collect::<Vec<RankLoad>>()
        };
        let fits = |placement: &Placement| with(*placement, &all).iter().all(|rank| rank.bytes <= allowed);
        let sent = |placement: Placement| -> f64 {
            with(placement, &vec![RankLoad::default(); ranks]).iter().map(|rank| rank.sent).sum()
        };
        let Some(placement) = choices(table, &all, turn < spread, sent).into_iter().find(fits) else {
            let least = all.iter().map(|rank| rank.bytes).min().unwrap_or(0);
            let needed = table.rows.div_ceil(ranks as u64) * (table.row_bytes + table.state_bytes);
            return Err(Error::invalid(
                format!("plan, table \"{}\"", table.name),
                format!("at most {} bytes a rank, of {allowed} allowed", allowed.saturating_sub(least)),
                format!("{needed} with its rows on {ranks} ranks"),
            ));
        };
        all = with(placement, &all);
        placements[at] = placement;
    }
    let plan = candidates.iter().zip(&placements);
    let plan = plan.fold(Plan::new(), |plan, (table, &placement)| plan.table(table.name, placement));
    let tables = candidates.iter().zip(asked).zip(&placements);
    let tables = tables.map(|((table, asked), &placement)| PlannedTable {
        name: table.name.to_owned(),
        placement,
        bytes: table.bytes(),
        ids: asked.ids,
        rows: asked.rows,
    });
    Ok(Planned { tables: tables.collect(), plan, ranks: all })
}

/// What may be done with a table, the best first; `sent` says what all ranks send then.
fn choices(
    table: &Candidate<'_>,
    ranks: &[RankLoad],
    spread: bool,
    sent: impl Fn(Placement) -> f64,
) -> Vec<Placement> {
    let mut by_rank: Vec<usize> = (0..ranks.len()).collect();
    by_rank.sort_by(|&a, &b| {
        let (a, b) = (&ranks[a], &ranks[b]);
        a.row_bytes.total_cmp(&b.row_bytes).then(a.bytes.cmp(&b.bytes))
    });
    let whole = by_rank.into_iter().map(Placement::TableWise);
    let mut rows = vec![Placement::RowWise(Exchange::Rows), Placement::RowWise(Exchange::Sums)];
    rows.sort_by(|&a, &b| sent(a).total_cmp(&sent(b)));
    if table.maxima {
        rows.clear();
    }
    let placed: Vec<Placement> =
        if spread { rows.into_iter().chain(whole).collect() } else { whole.chain(rows).collect() };
    // a copy everywhere, if its gradients are less than what travels otherwise
    let copied = table.rows <= COPIED && sent(Placement::DataParallel) <= sent(placed[0]);
    copied.then_some(Placement::DataParallel).into_iter().chain(placed).collect()
}

/// Rows of a table that is copied at most: with more, a batch of another sort could touch many.
const COPIED: u64 = 4096;

impl RankLoad {
    /// With a table besides.
    fn with(
        &self,
        table: &Candidate<'_>,
        asked: &Asked,
        placement: Placement,
        rank: usize,
        ranks: usize,
    ) -> Self {
        let (count, others) = (ranks as f64, ranks as f64 - 1.0);
        let (ids, bags, values) = (asked.ids, asked.bags, table.dim as f64 * 4.0);
        let (spread_ids, spread_rows) = asked.spread[rank];
        let part = table.rows.saturating_sub(rank as u64).div_ceil(ranks as u64);
        // of the others, those that a bag has ids on
        let touched = others * (1.0 - (1.0 - 1.0 / count).powf(ids / bags.max(1.0)));
        // a rank has its share of examples; ids and lengths take four bytes each
        let gradients = bags / count * values;
        let (ids_here, rows, sent) = match placement {
            Placement::TableWise(owner) if owner == rank => (ids, table.rows, others * gradients),
            Placement::TableWise(_) => (0.0, 0, 4.0 * (ids + bags) / count + gradients),
            Placement::RowWise(exchange) => {
                let back = match exchange {
                    Exchange::Rows => spread_rows.min(spread_ids / count) * others * table.row_bytes as f64,
                    Exchange::Sums => touched * gradients,
                };
                (
                    spread_ids,
                    part,
                    4.0 * (ids + bags * count) * others / (count * count) + back + touched * gradients,
                )
            }
            Placement::DataParallel => {
                (ids / count, table.rows, asked.rows.min(ids / count) * (values + 8.0) * others)
            }
            // not chosen: it is for callers who know why
            Placement::ColumnWise(_) => (ids / count, part, 4.0 * (ids + bags) + 2.0 * gradients),
        };
        Self {
            bytes: self.bytes + rows * (table.row_bytes + table.state_bytes),
            ids: self.ids + ids_here,
            row_bytes: self.row_bytes + ids_here * table.row_bytes as f64,
            sent: self.sent + sent,
        }
    }
}

impl Planned {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan.clone()
    }

    /// What each rank has and does.
    #[must_use]
    pub fn ranks(&self) -> &[RankLoad] {
        &self.ranks
    }

    /// Bytes of the rows that are looked up on the rank that looks up the most, over their mean: 1 if all do
    /// the same.
    #[must_use]
    pub fn imbalance(&self) -> f64 {
        let all = || self.ranks.iter().map(|rank| rank.row_bytes);
        let mean = all().sum::<f64>() / self.ranks.len().max(1) as f64;
        if mean > 0.0 { all().fold(0.0, f64::max) / mean } else { 1.0 }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<20} {:<16} {:>12} {:>10} {:>10}", "table", "placement", "MiB", "ids", "rows")?;
        let mib = |bytes: f64| bytes / f64::from(1u32 << 20);
        for table in &self.tables {
            let placement = match table.placement {
                Placement::TableWise(rank) => format!("rank {rank}"),
                Placement::RowWise(Exchange::Rows) => "rows".to_owned(),
                Placement::RowWise(Exchange::Sums) => "rows, sums".to_owned(),
                Placement::ColumnWise(parts) => format!("columns in {parts}"),
                Placement::DataParallel => "all ranks".to_owned(),
            };
            let bytes = mib(table.bytes as f64);
            writeln!(
                f,
                "{:<20} {placement:<16} {bytes:>12.2} {:>10} {:>10}",
                table.name, table.ids, table.rows
            )?;
        }
        writeln!(f, "{:<20} {:>16} {:>12} {:>21}", "rank", "MiB", "ids", "MiB sent a step")?;
        for (rank, load) in self.ranks.iter().enumerate() {
            let (bytes, sent) = (mib(load.bytes as f64), mib(load.sent));
            writeln!(f, "{rank:<20} {bytes:>16.2} {:>12.0} {sent:>21.3}", load.ids)?;
        }
        write!(f, "busiest rank over the mean: {:.3}", self.imbalance())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::random::Random;

    fn table(name: &str, rows: u64, dim: u64) -> Candidate<'_> {
        Candidate { name, rows, dim, row_bytes: dim * 4, state_bytes: 4, maxima: false }
    }

    /// Ids of which number `k` is as frequent as `k^-1.1`.
    fn zipf(rows: u64, count: usize, random: &mut Random) -> Vec<u64> {
        let weights: Vec<f64> = (1..=rows).map(|k| (k as f64).powf(-1.1)).collect();
        let mut ends = weights;
        for k in 1..ends.len() {
            ends[k] += ends[k - 1];
        }
        let total = ends[ends.len() - 1];
        let mut drawn = || f64::from(random.below(1 << 24)) / f64::from(1u32 << 24) * total;
        (0..count)
            .map(|_| {
                let at = drawn();
                ends.partition_point(|&end| end < at) as u64
            })
            .collect()
    }

    /// Tables of many sizes whose rows are asked for as words are used: no rank does much more than others.
    #[test]
    fn ranks_do_as_much_as_others() {
        let mut random = Random::new(5);
        let names: Vec<String> = (0..26).map(|t| format!("t{t}")).collect();
        let sizes = |t: usize| [4u64, 30, 700, 12_000, 60_000][t % 5];
        let tables: Vec<Candidate<'_>> =
            names.iter().enumerate().map(|(t, name)| table(name, sizes(t), [16, 32, 64][t % 3])).collect();
        let mut load = Load::new();
        for table in &tables {
            load = load.bags(table.name, &zipf(table.rows, 4096, &mut random), 2048);
        }
        for ranks in [2, 4, 8] {
            let found = planned(&tables, &load, ranks, 1 << 40).unwrap();
            assert!(found.imbalance() <= 1.1, "{ranks} ranks:\n{found}");
            let ids: f64 = found.ranks.iter().map(|rank| rank.ids).sum();
            assert!((ids - 26.0 * 4096.0).abs() < 1.0, "{ids} ids");
            let json = serde_json::to_value(&found).unwrap();
            let plan: Plan = serde_json::from_value(json["plan"].clone()).unwrap();
            assert_eq!(plan, found.plan());
        }
    }

    #[test]
    fn ranks_have_no_more_than_they_have_room_for() {
        let tables = [table("large", 1000, 16), table("small", 100, 16)];
        let load = Load::new().bags("large", &[1u32, 2, 3], 3).bags("small", &[1u32, 1], 2);
        // both fit one rank, the large one two, and then not at all
        let one = planned(&tables, &load, 2, 80_000).unwrap();
        assert!(one.ranks.iter().all(|rank| rank.bytes <= 80_000));
        let spread = planned(&tables, &load, 2, 50_000).unwrap();
        assert!(matches!(spread.tables[0].placement, Placement::RowWise(_)), "{spread}");
        assert!(spread.ranks.iter().all(|rank| rank.bytes <= 50_000));
        let error = planned(&tables, &load, 2, 30_000).unwrap_err().to_string();
        let expected = "plan, table \"large\": expected at most 30000 bytes a rank, of 30000 allowed, got 34000 with its \
                        rows on 2 ranks";
        assert_eq!(error, expected);
        let stray = load.bags("lage", &[1u32], 1);
        let error = planned(&tables, &stray, 2, 1 << 30).unwrap_err().to_string();
        assert_eq!(error, "load: expected tables of [\"large\", \"small\"], got \"lage\"");
    }
}
