//! A range of keys: the rows of some tables that are updated together.

use std::ops::Range;

use crate::kernels::part;
use crate::table::{Group, Noise, Part, Plan};

/// The keys of some tables' rows among those of their group, and the windows that the tables lie in. Within
/// the span keys begin at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySpan {
    pub(crate) keys: Range<u32>,
    pub(crate) windows: Range<usize>,
}

impl KeySpan {
    /// All rows of a group of tables.
    pub(crate) fn of_group(group: &Group) -> Self {
        Self { keys: 0..group.rows, windows: group.windows.clone() }
    }

    /// The key of what is no row: above all others.
    pub(crate) fn none_key(&self) -> u32 {
        self.keys.end - self.keys.start
    }

    /// The span's key of a row, from its key in the group.
    pub(crate) fn key(&self, key: u32) -> u32 {
        key.saturating_sub(self.keys.start).min(self.none_key())
    }

    /// The parts of its tables in these windows, with what their random numbers are made of.
    pub(crate) fn parts(
        &self,
        plan: &Plan,
        windows: Range<usize>,
        noise: impl Fn(&Part) -> Noise,
    ) -> Vec<part::Part> {
        let parts = plan.windows[windows].iter().flat_map(|window| &window.parts);
        parts
            .filter(|part| self.keys.contains(&part.key_first))
            .map(|part| part.for_kernel(self.key(part.key_first), noise(part)))
            .collect()
    }
}
