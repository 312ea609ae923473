//! What the cases of these kernels have in common.

use super::{places, rates};
use crate::kernel::CaseBinding;
use crate::kernels::random::Random;
use crate::numbers::narrow;

/// Instances, entries, constraints.
pub(crate) const SHAPES: [(u32, u32, u32); 6] =
    [(1, 1, 0), (1, 3, 1), (63, 5, 2), (130, 20, 3), (257, 2, 1), (4096, 20, 3)];

/// Numbers from 0 to 1, at least one of them.
pub(crate) fn entries_of(random: &mut Random, count: u32) -> Vec<f32> {
    random.floats(count.max(1) as usize).iter().map(|value| value.abs()).collect()
}

/// The rates of instances, every other one of which will see more than it was told.
pub(crate) fn rates_of(random: &mut Random, instances: u32) -> Vec<f32> {
    let n = instances as usize;
    let mut all = vec![0.0; rates::COUNT * n];
    for (i, value) in entries_of(random, instances).into_iter().enumerate() {
        all[rates::GUESS * n + i] = if i % 2 == 0 { 1e6 } else { 0.0 };
        all[rates::SEEN * n + i] = value;
        all[rates::WEIGHT * n + i] = 1.0 + value;
        all[rates::PULL * n + i] = 4.0 + value;
        all[rates::STEEP * n + i] = 1.0;
    }
    all
}

/// Normals of so many rows, of each instance or of all alike, every third of which is 0.
pub(crate) fn normals_of(random: &mut Random, rows: u32, instances: u32, is_shared: u32) -> Vec<f32> {
    let count = if is_shared == 1 { rows } else { rows * instances };
    let mut normals = random.floats(count.max(1) as usize);
    normals.iter_mut().step_by(3).for_each(|normal| *normal = 0.0);
    normals
}

/// Processes without loops: instances, states of the layers, actions.
pub(crate) const PROCESSES: [(u32, &[u32], u32); 5] = [
    (1, &[1, 1], 1),
    (3, &[1, 2, 2, 1], 2),
    (130, &[1, 5, 3, 1], 3),
    (64, &[1, 4, 1], 1),
    (4096, &[1, 4, 4, 1], 4),
];

/// What is said of a process.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) instances: u32,
    /// Layers with actions.
    pub(crate) layers: u32,
    pub(crate) actions: u32,
    pub(crate) states: u32,
    pub(crate) pairs: u32,
    pub(crate) moves: u32,
    words: Vec<u32>,
    counts: Vec<u32>,
}

impl Process {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        PROCESSES
            .into_iter()
            .map(|(instances, counts, actions)| Self::new(instances, counts.to_vec(), actions))
    }

    pub(crate) fn new(instances: u32, counts: Vec<u32>, actions: u32) -> Self {
        let words = places::words(&counts, actions);
        let [_, state, pairs, moves] = words[words.len() - 4..] else { unreachable!("four words a layer") };
        let layers = narrow(counts.len() - 1);
        Self { instances, layers, actions, states: state + 1, pairs, moves, words, counts }
    }

    pub(crate) fn name(&self) -> String {
        format!("{:?} states, {} actions, {} instances", self.counts, self.actions, self.instances)
    }

    pub(crate) fn places(&self) -> CaseBinding {
        CaseBinding::ints(&self.words)
    }

    /// Workgroups with a thread for each instance.
    pub(crate) fn groups(&self) -> u32 {
        self.instances.div_ceil(64)
    }

    /// Shares of each pair's moves; every third instance has a state that is never reached.
    pub(crate) fn model(&self, random: &mut Random) -> Vec<f32> {
        let n = self.instances as usize;
        let mut model = entries_of(random, self.moves * self.instances);
        let mut first = 0;
        for two in self.counts.windows(2) {
            let next = two[1] as usize;
            for _ in 0..two[0] * self.actions {
                for instance in 0..n {
                    let at = |y: usize| (first + y) * n + instance;
                    if next > 1 && instance % 3 == 1 {
                        model[at(next - 1)] = 0.0;
                    }
                    let sum: f32 = (0..next).map(|y| model[at(y)]).sum();
                    (0..next).for_each(|y| model[at(y)] = if sum > 0.0 { model[at(y)] / sum } else { 0.0 });
                }
                first += next;
            }
        }
        model
    }

    /// A model, and below it for each pair how far its moves may be from it.
    pub(crate) fn model_within(&self, random: &mut Random) -> Vec<f32> {
        let mut model = self.model(random);
        model.extend(entries_of(random, self.pairs * self.instances));
        model
    }

    /// How likely each action is in its state; every third instance always takes the last.
    pub(crate) fn policy(&self, random: &mut Random) -> Vec<f32> {
        let (n, actions) = (self.instances as usize, self.actions as usize);
        let mut policy = entries_of(random, self.pairs * self.instances);
        for state in policy.chunks_mut(actions * n) {
            for instance in 0..n {
                if instance % 3 == 1 {
                    (0..actions - 1).for_each(|action| state[action * n + instance] = 0.0);
                }
                let sum: f32 = (0..actions).map(|action| state[action * n + instance]).sum();
                (0..actions).for_each(|action| state[action * n + instance] /= sum);
            }
        }
        policy
    }

    /// Pairs within each layer, of paths.
    pub(crate) fn path(&self, random: &mut Random) -> Vec<u32> {
        self.path_of(random, self.actions)
    }

    /// The same, of who has so many actions.
    pub(crate) fn path_of(&self, random: &mut Random, actions: u32) -> Vec<u32> {
        let layers = &self.counts[..self.layers as usize];
        let of = |count: &u32| (0..self.instances).map(|_| random.below(count * actions)).collect::<Vec<_>>();
        layers.iter().flat_map(of).collect()
    }
}

/// A game of a process against another.
pub(crate) struct Meetings {
    pub(crate) second: Process,
    /// Of each layer the first meeting, and how many a row has.
    pub(crate) words: Vec<u32>,
    pub(crate) rows: u32,
}

impl Meetings {
    /// Against a rival of its own states, or in the states of `first`, with three actions.
    pub(crate) fn new(first: &Process, is_shared: bool) -> Self {
        let own: Vec<u32> = first.counts.iter().map(|count| count.div_ceil(2)).collect();
        let counts = if is_shared { first.counts.clone() } else { own };
        let second = Process::new(first.instances, counts, 3);
        let mut rows = 0;
        let mut words = Vec::new();
        for k in 0..first.layers as usize {
            let width = second.actions * if is_shared { 1 } else { second.counts[k] };
            words.extend([rows, width]);
            rows += first.counts[k] * first.actions * width;
        }
        Self { second, words, rows }
    }
}
