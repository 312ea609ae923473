//! Where rows lie: in a table for each dimension that there is.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Rows that follow one another and have the same dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u32,
    /// The table of this dimension, and the first row there.
    table: usize,
    row: u32,
}

/// Where the rows lie.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    runs: Vec<Run>,
    /// The dimension of each table, and its rows.
    pub(super) tables: Vec<(u32, u32)>,
    pub(super) rows: u32,
}

/// A row's table, its number there and its dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) table: usize,
    pub(super) row: u32,
    pub(super) dim: u32,
}

impl Layout {
    /// Of rows with their dimensions, which are not 0, a run at a time.
    pub(super) fn new(runs: &[(usize, u32)]) -> Result<Self> {
        let mut counts = BTreeMap::<u32, u32>::new();
        let mut placed = Vec::<(u32, u32, u32)>::new();
        let mut rows = 0u32;
        for &(count, dim) in runs.iter().filter(|run| run.0 > 0) {
            let all = u32::try_from(count).ok().and_then(|count| rows.checked_add(count));
            let Some(all) = all.filter(|&all| all as usize <= crate::MAX_ROWS) else {
                return Err(Error::invalid("rows", format!("at most {} in all", crate::MAX_ROWS), "more"));
            };
            let of_dim = counts.entry(dim).or_default();
            // rows go on where the run before them ended
            if placed.last().is_none_or(|last| last.1 != dim) {
                placed.push((rows, dim, *of_dim));
            }
            *of_dim += all - rows;
            rows = all;
        }
        let tables: Vec<(u32, u32)> = counts.into_iter().collect();
        let runs = placed
            .into_iter()
            .map(|(first, dim, row)| Run { first, table: tables.partition_point(|table| table.0 < dim), row })
            .collect();
        Ok(Self { runs, tables, rows })
    }

    /// Columns of the widest row.
    pub(super) fn widest(&self) -> u32 {
        self.tables.last().map_or(0, |table| table.0)
    }

    pub(super) fn place(&self, row: u32) -> Place {
        let run = self.runs[self.runs.partition_point(|run| run.first <= row).saturating_sub(1)];
        Place { table: run.table, row: run.row + (row - run.first), dim: self.tables[run.table].0 }
    }

    /// Rows that follow one another here and in their table: where the first lies, and how many they are.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Place, u32)> {
        let ends = self.runs.iter().skip(1).map(|run| run.first).chain([self.rows]);
        self.runs.iter().zip(ends).map(|(run, end)| (self.place(run.first), end - run.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_dimension_lie_together() {
        let layout = Layout::new(&[(2, 8), (1, 4), (0, 9), (1, 4), (3, 8)]).unwrap();
        assert_eq!((layout.rows, layout.widest()), (7, 8));
        assert_eq!(layout.tables, [(4, 2), (8, 5)]);
        let places: Vec<_> = (0..7).map(|row| layout.place(row)).map(|p| (p.table, p.row, p.dim)).collect();
        assert_eq!(places, [(1, 0, 8), (1, 1, 8), (0, 0, 4), (0, 1, 4), (1, 2, 8), (1, 3, 8), (1, 4, 8)]);
        let runs: Vec<_> = layout.runs().map(|(place, rows)| (place.table, place.row, rows)).collect();
        assert_eq!(runs, [(1, 0, 2), (0, 0, 2), (1, 2, 3)]);
    }
}
