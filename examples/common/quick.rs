//! What `--quick` leaves of a run.

/// The size of a run: what was asked for, or else that of a full run, of which a quick one has a quarter.
pub fn size(given: Option<u32>, full: u32, is_quick: bool) -> usize {
    given.unwrap_or(if is_quick { full / 4 } else { full }) as usize
}
