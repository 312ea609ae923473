//! Makes a delta of the rows of a store.

use std::ops::Range;

use super::{Delta, TableRows};
use crate::Result;
use crate::directory::{Directories, IdDirectory};
use crate::update::RowStore;

/// What changed after a step, until another one that the device was given, of tables that a model of this name
/// tracks. Blocks.
pub(crate) fn collect(
    store: &RowStore,
    directories: &Directories,
    model: Option<&str>,
    steps: Range<u32>,
) -> Result<Delta> {
    let since = steps.start;
    let mut delta = Delta::begun(model, steps)?;
    for (table, name) in store.tables().names().iter().enumerate() {
        let mut rows = store.changed_rows(table, since)?;
        let ids = directories.get(table).map(IdDirectory::ids_of_rows).transpose()?;
        let ids: Option<Vec<u32>> = ids.map(|ids| {
            // a row without an id is not in use yet, and counts as changed when an id gets it
            rows.retain(|&row| ids.get(row as usize).is_some_and(|&id| id != 0));
            rows.iter().map(|&row| ids[row as usize]).collect()
        });
        let dim = store.tables().shape(table).dim as usize;
        let values = store.values_of(table, &rows)?;
        delta.push(TableRows { name, dim, rows: &rows, values: &values, ids: ids.as_deref() })?;
    }
    Ok(delta)
}
