//! Features and the tables behind them.

use std::ops::Range;

use super::{Bounds, Pooling};
use crate::kernels::feature::NONE;
use crate::table::{Shape, TableStore};
use crate::{Error, Result};

/// One feature.
#[derive(Debug, Clone)]
pub(crate) struct FeatureSpec {
    pub(crate) name: String,
    pub(crate) table: usize,
    pub(crate) shape: Shape,
    pub(crate) pooling: Pooling,
    /// The row that is left out, or [`NONE`](crate::kernels::feature::NONE).
    pub(crate) padding: u32,
    /// Whether ids are raw, and get rows from the table's directory.
    pub(crate) raw: bool,
    /// The raw id that is left out, and gets no row, or [`NONE`](crate::kernels::feature::NONE).
    pub(crate) raw_padding: u32,
}

impl FeatureSpec {
    /// The padding id as it was given.
    pub(crate) fn given_padding(&self) -> Option<u32> {
        [self.padding, self.raw_padding].into_iter().find(|&padding| padding != NONE)
    }
}

/// What a batch is checked against; batches and bags share one.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) features: Vec<FeatureSpec>,
    pub(crate) bounds: Bounds,
    /// Whether the id 2^32 - 1 stands for a row of zeros.
    pub(crate) pruned: bool,
    /// Where ids lie, if they are rows of tables in windows.
    pub(crate) windows: Option<TableWindows>,
}

/// Which windows the rows of each table lie in.
#[derive(Debug)]
pub(crate) struct TableWindows {
    /// For tables of several windows, rows of a window; 0 for the others.
    rows: Vec<u32>,
    first: Vec<usize>,
    count: usize,
}

impl TableWindows {
    pub(crate) fn of(tables: &TableStore) -> Self {
        let plan = tables.plan();
        let rows = (0..tables.names().len()).map(|table| {
            // all windows of a table but the last are of one size
            let part = plan.windows[plan.first_window[table]].parts.iter().find(|part| part.table == table);
            part.filter(|part| part.rows < tables.shape(table).rows).map_or(0, |part| part.rows)
        });
        Self { rows: rows.collect(), first: plan.first_window.clone(), count: plan.windows.len() }
    }

    /// The windows that have rows of a batch; its ids lie feature by feature, `counts` of each.
    pub(super) fn touched(&self, features: &[FeatureSpec], ids: &[u32], counts: &[u32]) -> Vec<bool> {
        let mut touched = vec![false; self.count];
        let mut rest = ids;
        for (spec, &count) in features.iter().zip(counts) {
            let (first, rows) = (self.first[spec.table], self.rows[spec.table]);
            let (ids, later) = rest.split_at(count as usize);
            rest = later;
            if spec.raw {
                let windows = spec.shape.rows.checked_div(rows).map_or(1, |whole| whole + 1);
                let end = self.count.min(first + windows as usize);
                touched[first..end].fill(true);
                continue;
            }
            for &id in ids.iter().filter(|&&id| id < spec.shape.rows) {
                touched[first + id.checked_div(rows).unwrap_or(0) as usize] = true;
            }
        }
        touched
    }
}

impl Schema {
    /// The same features with something changed; without windows.
    pub(crate) fn changed(&self, change: impl Fn(&mut FeatureSpec)) -> Self {
        let mut features = self.features.clone();
        features.iter_mut().for_each(change);
        Self { features, bounds: self.bounds, pruned: self.pruned, windows: None }
    }

    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        self.features.iter().position(|feature| feature.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.features.iter().map(|feature| &*feature.name).collect();
            Error::invalid("feature", format!("one of {names:?}"), format!("{name:?}"))
        })
    }

    /// The numbers of all features.
    pub(crate) fn all(&self) -> Range<usize> {
        0..self.features.len()
    }

    /// Columns of the matrix of some pooled features.
    pub(crate) fn columns(&self, features: impl Iterator<Item = usize>) -> usize {
        features.map(|feature| self.features[feature].shape.dim as usize).sum()
    }

    /// Some features with their first columns in the matrix of them.
    pub(crate) fn first_columns(&self, features: impl Iterator<Item = usize>) -> Vec<(usize, u32)> {
        let mut column = 0;
        let features = features.map(|feature| {
            let first = column;
            column += self.features[feature].shape.dim;
            (feature, first)
        });
        features.collect()
    }

    /// The columns of a feature in the matrix of some.
    pub(crate) fn columns_of(
        &self,
        name: &str,
        features: impl Iterator<Item = usize> + Clone,
    ) -> Result<Range<usize>> {
        let sought = self.find(name)?;
        match self.first_columns(features.clone()).into_iter().find(|(feature, _)| *feature == sought) {
            Some((feature, first)) => {
                let first = first as usize;
                Ok(first..first + self.features[feature].shape.dim as usize)
            }
            None => {
                let there: Vec<&str> = features.map(|feature| &*self.features[feature].name).collect();
                let expected = format!("one of {there:?}, which the batch is of");
                Err(Error::invalid("feature", expected, format!("{name:?}")))
            }
        }
    }
}
