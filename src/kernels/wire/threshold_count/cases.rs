//! The cases of `threshold_count`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Values of some tiles, half of which are of a second segment; some are zeros, of both signs.
pub(crate) fn values(tiles: u32) -> (Vec<u32>, Vec<f32>) {
    let mut random = Random::new(u64::from(tiles) + 90);
    let segments = (0..tiles).map(|tile| u32::from(tile > tiles / 2)).collect();
    let mut values = random.floats((tiles * TILE) as usize);
    values.iter_mut().step_by(7).for_each(|value| *value = 0.0);
    values.iter_mut().step_by(5).for_each(|value| *value = -*value);
    (segments, values)
}

/// For the two segments: some values, and all that are not zero. Of many tiles, which are measured, one value
/// in a hundred, as gradients are sent.
pub(crate) fn thresholds(tiles: u32) -> [u32; 2] {
    if tiles < 1024 { [0.9f32.to_bits(), 0] } else { [0.99f32.to_bits(); 2] }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for tiles in [1u32, 2, 9, 1024] {
        let (segments, values) = values(tiles);
        for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
            let bindings = Bindings {
                segments: CaseBinding::ints(&segments),
                thresholds: CaseBinding::ints(&thresholds(tiles)),
                values: CaseBinding::ints(&values),
                counts: CaseBinding::unwritten(tiles as usize + 1),
                sizes: CaseBinding::unwritten(tiles as usize + 1),
            };
            let case = Case::new(
                format!("tiles={tiles}"),
                [variant],
                &Params { tiles, tile: TILE },
                bindings,
                groups(shape, tiles),
            );
            all.push(if tiles == 1024 { case.bench(u64::from(tiles * TILE) * 4, 0) } else { case });
        }
    }
    all
}
