//! Twin of `decide/places.wgsl`.

/// Where the layers of a process lie among states, pairs of state and action, and moves to a next state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places<'a> {
    words: &'a [u32],
    pub(crate) actions: usize,
}

impl<'a> Places<'a> {
    pub(crate) fn new(words: &'a [u32], actions: u32) -> Self {
        Self { words, actions: actions as usize }
    }

    pub(crate) fn states(self, k: usize) -> usize {
        self.words[4 * k] as usize
    }

    pub(crate) fn first_state(self, k: usize) -> usize {
        self.words[4 * k + 1] as usize
    }

    pub(crate) fn first_pair(self, k: usize) -> usize {
        self.words[4 * k + 2] as usize
    }

    pub(crate) fn first_move(self, k: usize) -> usize {
        self.words[4 * k + 3] as usize
    }

    /// Pairs of a layer.
    pub(crate) fn pairs(self, k: usize) -> usize {
        self.states(k) * self.actions
    }
}

/// The words of layers of so many states.
pub(crate) fn words(states: &[u32], actions: u32) -> Vec<u32> {
    let (mut state, mut pair, mut moved) = (0, 0, 0);
    let mut words = Vec::with_capacity(4 * states.len());
    for (k, &count) in states.iter().enumerate() {
        words.extend([count, state, pair, moved]);
        state += count;
        pair += count * actions;
        moved += count * actions * states.get(k + 1).copied().unwrap_or(0);
    }
    words
}
