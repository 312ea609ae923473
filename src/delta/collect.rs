//! Makes a delta of the rows of a store.

use super::{Delta, TableRows};
use crate::directory::Directories;
use crate::update::RowStore;
use crate::{Error, Result};

/// What changed since a step, of tables that a model of this name tracks. Blocks.
pub(crate) fn collect(
    store: &RowStore,
    directories: &Directories,
    model: Option<&str>,
    since: u32,
) -> Result<Delta> {
    let Some(model) = model else {
        return Err(Error::invalid("changed_since", "tables built with `track_changes`", "others"));
    };
    let until = store.steps();
    if since > until {
        return Err(Error::invalid("step", format!("at most {until}, the last one"), since));
    }
    let mut delta = Delta::new(model, since..until);
    for (table, name) in store.tables().names().iter().enumerate() {
        let rows = store.changed_rows(table, since)?;
        let ids = directories.get(table).map(|directory| directory.ids_of_rows()).transpose()?;
        let ids: Option<Vec<u32>> = ids.map(|ids| {
            // rows without an id were written from the host alone
            rows.iter().map(|&row| ids.get(row as usize).copied().unwrap_or(0)).collect()
        });
        let dim = store.tables().shape(table).dim as usize;
        let values = store.values_of(table, &rows)?;
        delta.push(TableRows { name, dim, rows: &rows, values: &values, ids: ids.as_deref() })?;
    }
    Ok(delta)
}
