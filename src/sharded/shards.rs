//! How tables are cut, and which features ranks look up.

use std::ops::Range;

use super::{Exchange, Placement};
use crate::bag::FeatureSpec;
use crate::numbers::narrow;
use crate::table::{Origin, Table};

/// What a rank has of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) table: usize,
    pub(super) rank: usize,
    /// Its first row, and rows from one of its rows to the next.
    pub(super) first_row: u32,
    pub(super) row_step: u32,
    pub(super) columns: Range<u32>,
    /// Its number among those of the table.
    pub(super) part: usize,
}

impl Shard {
    /// How many of a table's rows it has.
    pub(super) fn rows(&self, of: usize) -> usize {
        of.saturating_sub(self.first_row as usize).div_ceil(self.row_step as usize)
    }

    /// The shard's number of a row of the table, if it has it.
    pub(super) fn local(&self, row: u32) -> Option<u32> {
        let beyond = row.checked_sub(self.first_row)?;
        beyond.is_multiple_of(self.row_step).then_some(beyond / self.row_step)
    }

    /// The shard as a table.
    pub(super) fn cut(&self, table: &Table) -> Table {
        let origin = Origin {
            table: self.table,
            first_row: self.first_row,
            row_step: self.row_step,
            first_column: self.columns.start,
        };
        let (rows, dim) = (self.rows(table.rows), self.columns.len());
        Table { rows, dim, origin: Some(origin), ..table.clone() }
    }
}

/// The shards of a table; none of one that is copied to all ranks.
pub(super) fn shards(index: usize, table: &Table, placement: Placement, ranks: usize) -> Vec<Shard> {
    let columns = narrow(table.dim);
    let whole = Shard { table: index, rank: 0, first_row: 0, row_step: 1, columns: 0..columns, part: 0 };
    match placement {
        Placement::TableWise(rank) => vec![Shard { rank, ..whole }],
        Placement::RowWise(_) => {
            let of_rank = |rank: usize| Shard {
                rank,
                first_row: narrow(rank),
                row_step: narrow(ranks),
                part: rank,
                ..whole.clone()
            };
            (0..ranks).map(of_rank).collect()
        }
        Placement::ColumnWise(parts) => {
            let bounds = column_bounds(columns, narrow(parts));
            let of_part = |part: usize| {
                let columns = bounds[part]..bounds[part + 1];
                Shard { rank: part % ranks, columns, part, ..whole.clone() }
            };
            (0..parts).map(of_part).collect()
        }
        Placement::DataParallel => Vec::new(),
    }
}

/// Where parts of columns begin, and where the last ends: at multiples of four if there are as many fours as
/// parts.
fn column_bounds(columns: u32, parts: u32) -> Vec<u32> {
    let unit = if columns / 4 >= parts { 4 } else { 1 };
    let units = columns / unit;
    (0..=parts)
        .map(|part| {
            if part == parts {
                columns
            } else {
                narrow(u64::from(units) * u64::from(part) / u64::from(parts)) * unit
            }
        })
        .collect()
}

/// What a rank does with the ids of its shards in a forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It pools rows.
    Pool,
    /// It sends rows to ranks that pool them.
    Send,
}

impl Role {
    pub(super) const ALL: [Self; 2] = [Self::Pool, Self::Send];

    pub(super) fn of(placement: Placement) -> Option<Self> {
        match placement {
            Placement::TableWise(_) | Placement::ColumnWise(_) | Placement::RowWise(Exchange::Sums) => {
                Some(Self::Pool)
            }
            Placement::RowWise(Exchange::Rows) => Some(Self::Send),
            Placement::DataParallel => None,
        }
    }
}

/// A feature as a rank looks it up in a shard of its table.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The feature's number among those of the whole model.
    pub(super) feature: usize,
    pub(super) shard: Shard,
    /// Whether other ranks have other rows of the table.
    pub(super) by_row: bool,
    /// Its columns among those that this rank's routes have together.
    pub(super) columns: Range<usize>,
}

impl Route {
    /// Its name among the features of its rank: a feature has one for each part of its table's columns there.
    pub(super) fn name(&self, spec: &FeatureSpec) -> String {
        format!("{}/{}", spec.name, self.shard.part)
    }
}

/// The routes of each rank in a role, in the order of features, which is that of the terms of a row.
pub(super) fn routes(
    role: Role,
    features: &[FeatureSpec],
    placements: &[Placement],
    shards: &[Vec<Shard>],
    ranks: usize,
) -> Vec<Vec<Route>> {
    let mut all = vec![Vec::new(); ranks];
    for (feature, spec) in features.iter().enumerate() {
        if Role::of(placements[spec.table]) != Some(role) {
            continue;
        }
        let by_row = matches!(placements[spec.table], Placement::RowWise(_));
        for shard in &shards[spec.table] {
            let routes: &mut Vec<Route> = &mut all[shard.rank];
            let first = routes.last().map_or(0, |route| route.columns.end);
            let columns = first..first + shard.columns.len();
            routes.push(Route { feature, shard: shard.clone(), by_row, columns });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value of a table is in one shard.
    #[test]
    fn shards_have_every_value_once() {
        for (rows, dim) in [(10, 16), (2, 5), (1, 1), (7, 12)] {
            let table = Table::rows(rows).dim(dim);
            for ranks in 1..5 {
                for placement in [
                    Placement::TableWise(ranks - 1),
                    Placement::RowWise(Exchange::Rows),
                    Placement::ColumnWise(1),
                    Placement::ColumnWise(dim.min(3)),
                ] {
                    let mut seen = vec![0; rows * dim];
                    for shard in shards(3, &table, placement, ranks) {
                        assert!(shard.rank < ranks && shard.table == 3);
                        let of = (0..narrow(rows)).filter(|&row| shard.local(row).is_some());
                        for (local, row) in of.enumerate() {
                            assert_eq!(shard.local(row), Some(narrow(local)));
                            for column in shard.columns.clone() {
                                seen[row as usize * dim + column as usize] += 1;
                            }
                        }
                        assert_eq!(
                            shard.rows(rows),
                            (0..narrow(rows)).filter_map(|row| shard.local(row)).count()
                        );
                    }
                    assert!(seen.iter().all(|&times| times == 1), "{placement:?} of {ranks}: {seen:?}");
                }
            }
        }
        assert_eq!(column_bounds(16, 3), [0, 4, 8, 16]);
        assert_eq!(column_bounds(5, 2), [0, 2, 5]);
    }
}
