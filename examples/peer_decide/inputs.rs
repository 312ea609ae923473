//! Inputs that other programs can make too: numbers that depend on what they are of, set, row and instance.

use embag::decide::{Layers, Observed, Path};
use embag::{Context, Result};

/// Sets of inputs, which take turns: to make them takes longer than a step.
pub const SETS: u32 = 8;

/// What numbers are of, whichever the case.
pub const WEIGHTS: u32 = 0;
pub const LOSSES: u32 = 1;
pub const COSTS: u32 = 2;
pub const BUDGETS: u32 = 3;
pub const PATHS: [u32; 2] = [4, 5];
pub const REWARDS: u32 = 6;
pub const STATES: u32 = 7;
pub const NEXT: u32 = 8;

/// The "lowbias32" hash by C. Wellons (public domain).
const fn mix(value: u32) -> u32 {
    let mut h = value;
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

fn word(of: u32, set: u32, row: u32, instance: u32) -> u32 {
    mix(mix(mix(of * SETS + set) ^ row) ^ instance)
}

/// From 0 to 1, of 24 bits: exact.
#[allow(clippy::cast_precision_loss, reason = "24 bits fit")]
pub fn unit(of: u32, set: u32, row: u32, instance: u32) -> f32 {
    (word(of, set, row, instance) >> 8) as f32 / 16_777_216.0
}

/// Rows x instances.
fn each<T>(rows: usize, instances: usize, value: impl Fn(u32, u32) -> T) -> Vec<T> {
    let rows = (0u32..).take(rows);
    rows.flat_map(|row| (0u32..).take(instances).map(move |instance| (row, instance)))
        .map(|(row, instance)| value(row, instance))
        .collect()
}

/// Something of every set.
pub fn sets<T>(make: impl FnMut(u32) -> Result<T>) -> Result<Vec<T>> {
    (0..SETS).map(make).collect()
}

/// The one whose turn it is.
pub fn turn<T>(sets: &[T], step: u32) -> &T {
    &sets[step as usize % sets.len()]
}

/// `least + scale * number`.
pub fn observed(
    ctx: &Context,
    (of, set): (u32, u32),
    (rows, instances): (usize, usize),
    (least, scale): (f32, f32),
) -> Result<Observed> {
    let values = each(rows, instances, |row, instance| least + scale * unit(of, set, row, instance));
    Observed::from_slice(ctx, &values, rows, instances)
}

/// What was done in layers of so many pairs, without regard to how likely it was.
pub fn path(
    ctx: &Context,
    layers: &Layers,
    pairs: &[u32],
    (of, set): (u32, u32),
    instances: usize,
) -> Result<Path> {
    let path = each(pairs.len(), instances, |layer, instance| {
        word(of, set, layer, instance) % pairs[layer as usize]
    });
    Path::from_slice(ctx, layers, instances, &path)
}
