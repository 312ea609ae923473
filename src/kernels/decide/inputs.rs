//! What the cases of these kernels have in common.

use super::rates;
use crate::kernels::random::Random;

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
