//! Bind groups, made once for what is bound together.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// No kernel has more, as a test of the registry sees to.
const MOST_BINDINGS: usize = 7;
/// Bind groups that are kept; beyond that those go that were not used for longest.
const MOST: usize = 4096;

/// A range of a buffer: the buffer's number, first byte and bytes.
type Range = [u64; 3];

/// What is bound, and by which layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    layout: u64,
    ranges: [Range; MOST_BINDINGS],
    count: usize,
}

impl Key {
    pub(super) fn new(layout: u64, bound: impl IntoIterator<Item = Range>) -> Self {
        let (mut ranges, mut count) = ([Range::default(); MOST_BINDINGS], 0);
        for (range, given) in ranges.iter_mut().zip(bound) {
            *range = given;
            count += 1;
        }
        Self { layout, ranges, count }
    }

    pub(super) fn ranges(&self) -> &[Range] {
        &self.ranges[..self.count]
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.layout == other.layout && self.ranges() == other.ranges()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.layout.hash(state);
        self.ranges().hash(state);
    }
}

/// The bind groups of a device. They hold their buffers, and so are dropped with the first of these that
/// nobody else holds any more.
#[derive(Debug, Default)]
pub(super) struct BindGroups(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    groups: HashMap<Key, Group>,
    /// Which groups hold a buffer.
    holding: HashMap<u64, Vec<Key>>,
    /// Grows with every use.
    now: u64,
}

#[derive(Debug)]
struct Group {
    group: wgpu::BindGroup,
    used: u64,
}

impl BindGroups {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bind group of a key, which `make` makes if there is none.
    pub(super) fn get(&self, key: &Key, make: impl FnOnce() -> wgpu::BindGroup) -> wgpu::BindGroup {
        let mut kept = self.lock();
        kept.now += 1;
        let now = kept.now;
        if let Some(known) = kept.groups.get_mut(key) {
            known.used = now;
            return known.group.clone();
        }
        if kept.groups.len() >= MOST {
            kept.drop_half();
        }
        let group = make();
        for [buffer, ..] in key.ranges() {
            let holding = kept.holding.entry(*buffer).or_default();
            // of two ranges of one buffer
            if holding.last() != Some(key) {
                holding.push(*key);
            }
        }
        kept.groups.insert(*key, Group { group: group.clone(), used: now });
        group
    }

    /// Drops the groups that hold a buffer.
    pub(super) fn forget(&self, buffer: u64) {
        let mut kept = self.lock();
        for key in kept.holding.remove(&buffer).unwrap_or_default() {
            kept.remove(&key);
        }
    }
}

impl Kept {
    fn remove(&mut self, key: &Key) {
        self.groups.remove(key);
        for [buffer, ..] in key.ranges() {
            if let Some(holding) = self.holding.get_mut(buffer) {
                holding.retain(|other| other != key);
                if holding.is_empty() {
                    self.holding.remove(buffer);
                }
            }
        }
    }

    /// Drops those that were not used for longest.
    fn drop_half(&mut self) {
        let mut used: Vec<(u64, Key)> = self.groups.iter().map(|(key, group)| (group.used, *key)).collect();
        used.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in &used[..MOST / 2] {
            self.remove(key);
        }
    }
}
