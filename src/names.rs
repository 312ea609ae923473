//! Names that callers give.

use std::collections::HashSet;

use crate::{Error, Result};

/// Refuses a name that is there twice; `what` says of what.
pub(crate) fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::invalid(format!("{what} \"{name}\""), "a name of its own", "the name twice"));
        }
    }
    Ok(())
}
