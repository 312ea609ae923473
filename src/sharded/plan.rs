//! Where tables lie.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::optim::UpdateRules;
use crate::table::Table;
use crate::{Error, Result};

/// Where the rows of a table lie, named as TorchRec's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Placement {
    /// All of it on this rank.
    TableWise(usize),
    /// Row `r` on rank `r` modulo the number of ranks, so that frequent rows, which often come first, are
    /// spread.
    RowWise(Exchange),
    /// Its columns in this many parts of about as many columns, multiples of four where that goes: part `p`
    /// on rank `p` modulo the number of ranks. Not for optimizers and rules that sum over a row.
    ColumnWise(usize),
    /// A copy on every rank. Gradients are added up, rank after rank, and every rank takes the same step.
    DataParallel,
}

/// What ranks send of tables whose rows are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Each row that a rank asks for, once; it pools them itself. Forwards have the bits of one process.
    #[default]
    Rows,
    /// The sums of each bag's rows, which are added up rank after rank: fewer bytes for long bags.
    Sums,
}

/// A placement for each table. As JSON it is an object of placements by table.
///
/// ```
/// use embag::sharded::{Exchange, Placement, Plan};
///
/// let plan = Plan::new()
///     .table("user", Placement::RowWise(Exchange::Rows))
///     .table("movie", Placement::TableWise(1))
///     .table("genre", Placement::DataParallel);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    placements: BTreeMap<String, Placement>,
    #[serde(skip)]
    twice: Option<String>,
}

impl Plan {
    /// Without any table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Places a table.
    #[must_use]
    pub fn table(mut self, name: &str, placement: Placement) -> Self {
        if self.placements.insert(name.to_owned(), placement).is_some() {
            self.twice.get_or_insert_with(|| name.to_owned());
        }
        self
    }

    /// The placements of tables, in their order.
    pub(super) fn of(
        &self,
        tables: &[(String, Table)],
        ranks: usize,
        sums: impl Fn(&Table) -> bool,
    ) -> Result<Vec<Placement>> {
        if let Some(name) = &self.twice {
            return Err(Error::invalid(format!("plan, table \"{name}\""), "one placement", "two"));
        }
        let names: Vec<&String> = tables.iter().map(|(name, _)| name).collect();
        if let Some(name) = self.placements.keys().find(|name| !names.contains(name)) {
            return Err(Error::invalid("plan", format!("tables of {names:?}"), format!("{name:?}")));
        }
        tables.iter().map(|(name, table)| self.placement(name, table, ranks, &sums)).collect()
    }

    fn placement(
        &self,
        name: &str,
        table: &Table,
        ranks: usize,
        sums: impl Fn(&Table) -> bool,
    ) -> Result<Placement> {
        let argument = || format!("placement of table \"{name}\"");
        let Some(&placement) = self.placements.get(name) else {
            return Err(Error::invalid("plan", format!("a placement of table \"{name}\""), "none"));
        };
        if table.raw {
            let expected = "a table of rows: directories of raw ids are of one process";
            return Err(Error::invalid(argument(), expected, "one of raw ids"));
        }
        if table.storage.is_some() {
            let expected = "a table in memory of its own";
            return Err(Error::invalid(argument(), expected, "one in a caller's memory"));
        }
        match placement {
            Placement::TableWise(rank) if rank >= ranks => {
                Err(Error::invalid(argument(), format!("a rank below {ranks}"), rank))
            }
            Placement::ColumnWise(parts) if parts == 0 || parts > table.dim => {
                let expected = format!("1 to {} parts, as it has columns", table.dim);
                Err(Error::invalid(argument(), expected, parts))
            }
            Placement::ColumnWise(_) if sums(table) => {
                let expected = "another than ColumnWise, for an optimizer or rules that sum over a row";
                Err(Error::invalid(argument(), expected, "ColumnWise"))
            }
            _ => Ok(placement),
        }
    }
}

/// Whether a step of the table needs sums over whole rows.
pub(super) fn sums_over_rows(optimizer: Option<crate::optim::Optimizer>, rules: UpdateRules) -> bool {
    optimizer.is_some_and(|optimizer| optimizer.kernel().sums + rules.sums() > 0)
}
