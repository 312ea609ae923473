//! Whether memory can be had, before any of it is taken.
//!
//! Systems hand out more memory than they have and end the process that uses it. So what consists of many
//! parts, each small enough, is added up first.

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

use super::Context;
use crate::{Error, Result};

/// What tables are going to take: bytes by name.
#[derive(Debug, Default)]
pub(crate) struct Need(Vec<(String, u64)>);

/// As little as this can always be had.
const LITTLE: u64 = 64 << 20;

impl Need {
    /// Adds bytes of a table.
    pub(crate) fn add(&mut self, table: &str, bytes: u64) {
        match self.0.iter_mut().find(|(name, _)| name == table) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => self.0.push((table.to_owned(), bytes)),
        }
    }

    /// Adds all that others need.
    pub(crate) fn extend(&mut self, others: Self) {
        for (name, bytes) in others.0 {
            self.add(&name, bytes);
        }
    }

    fn bytes(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Whether it can be had on the device. Where that is unknown, allocations decide.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn check(&self, ctx: &Context) -> Result<()> {
        if self.bytes() <= LITTLE || !ctx.uses_host_memory() {
            return Ok(());
        }
        available().map_or(Ok(()), |available| self.check_within(available))
    }

    fn check_within(&self, available: u64) -> Result<()> {
        let needed = self.bytes();
        if needed <= available {
            return Ok(());
        }
        let largest = self.0.iter().max_by_key(|(_, bytes)| bytes);
        let what = match (self.0.len(), largest) {
            (2.., Some((name, bytes))) => {
                format!("{} tables (the largest, \"{name}\", takes {bytes} bytes)", self.0.len())
            }
            (_, Some((name, _))) => format!("table \"{name}\""),
            (_, None) => "nothing".to_owned(),
        };
        Err(Error::OutOfMemory { what, needed, available })
    }
}

/// Bytes that this process may still take: what the system has, or what is left to its control group. `None`
/// where the system does not say.
fn available() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let mut system = System::new_with_specifics(memory).ok()?;
    let free = system.available_memory().checked_add(system.free_swap())?;
    let me = Pid::from_u32(std::process::id());
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[me]), false, ProcessRefreshKind::nothing());
    // files that are cached count as used there, but make room when it is needed
    let limits = system.process(me).and_then(|process| process.cgroup_limits());
    let left = limits.map(|limits| limits.total_memory.saturating_sub(limits.rss) + limits.free_swap);
    Some(left.map_or(free, |left| left.min(free)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_added_up_and_the_largest_is_named() {
        let mut need = Need::default();
        need.add("user", 60);
        assert!(need.check_within(60).is_ok());
        let error = need.check_within(59).unwrap_err().to_string();
        assert_eq!(
            error,
            "memory for table \"user\": expected at most the 59 bytes that are available, got 60"
        );
        let mut more = Need::default();
        more.add("movie", 50);
        more.add("user", 10);
        need.extend(more);
        let error = need.check_within(100).unwrap_err().to_string();
        let expected = "memory for 2 tables (the largest, \"user\", takes 70 bytes): expected at most the 100 bytes \
                        that are available, got 120";
        assert_eq!(error, expected);
        need.add("huge", u64::MAX);
        assert!(need.check_within(u64::MAX - 1).is_err());
    }

    #[test]
    fn the_machine_says_what_it_has() {
        let Some(available) = available() else { return };
        assert!((1 << 20..1 << 50).contains(&available), "{available}");
    }
}
