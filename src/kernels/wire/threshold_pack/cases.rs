//! The cases of `threshold_pack`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::threshold_count::cases::{thresholds, values};
use crate::kernels::threshold_count::twin::{SIZE, is_sent};
use crate::kernels::threshold_count::{TILE, groups};
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (tiles, first, half) in
        [(1u32, 0u32, 0u32), (1, 0, 1), (9, 0, 0), (9, 4, 1), (1024, 0, 0), (1024, 0, 1)]
    {
        let (segments, mut values) = values(tiles);
        // beyond what 16 bits have at this scale
        values[tiles as usize * TILE as usize - 1] = -3.0e5;
        let sent = |tile: u32| {
            let threshold = thresholds(tiles)[segments[tile as usize] as usize];
            let tile = &values[(tile * TILE) as usize..][..TILE as usize];
            tile.iter().filter(|value| is_sent(value.to_bits() & SIZE, threshold)).count()
        };
        let mut total = 0;
        let offsets: Vec<u32> = (0..tiles)
            .map(|tile| {
                let before = total;
                total += sent(tile);
                narrow(before)
            })
            .collect();
        for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
            let params = Params { first, tiles: tiles - first, tile: TILE, half, scale: 0.25, inverse: 4.0 };
            let bindings = Bindings {
                segments: CaseBinding::ints(&segments),
                thresholds: CaseBinding::ints(&thresholds(tiles)),
                offsets: CaseBinding::ints(&offsets),
                values: CaseBinding::floats(&values),
                indices: CaseBinding::unwritten(total),
                packed: CaseBinding::poisoned(total),
            };
            let name = format!("tiles={tiles} first={first} half={half}");
            let case = Case::new(name, [variant], &params, bindings, groups(shape, params.tiles));
            let bytes = u64::from(tiles * TILE) * 4 + total as u64 * 12;
            all.push(if tiles == 1024 { case.bench(bytes, 0) } else { case });
        }
    }
    // the neighbours of halves, and values between them
    let mut random = Random::new(91);
    let close: Vec<f32> = (0..TILE as usize)
        .map(|i| {
            let half = half::f16::from_bits(u16::try_from(random.below(0x7c00)).unwrap_or(0)).to_f32();
            let half = half * [1.0, -1.0][i % 2];
            half * (1.0 + [0.0, 0.000_488, -0.000_244][i % 3])
        })
        .collect();
    for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
        let count = close.iter().filter(|value| **value != 0.0).count();
        let bindings = Bindings {
            segments: CaseBinding::ints(&[0u32]),
            thresholds: CaseBinding::ints(&[0u32]),
            offsets: CaseBinding::ints(&[0u32]),
            values: CaseBinding::floats(&close),
            indices: CaseBinding::unwritten(count),
            packed: CaseBinding::poisoned(count),
        };
        let params = Params { first: 0, tiles: 1, tile: TILE, half: 1, scale: 1.0, inverse: 1.0 };
        all.push(Case::new("halves", [variant], &params, bindings, groups(shape, 1)));
    }
    all
}
