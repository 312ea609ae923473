//! The cases of `sort_scan`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
        for (digits, tiles) in [(1u32, 1u32), (2, 3), (16, 255), (128, 256), (7, 257), (256, 320), (512, 64)]
        {
            let mut random = Random::new(u64::from(tiles));
            let counts: Vec<u32> = (0..digits * (tiles + 1)).map(|_| random.below(3000)).collect();
            let params = Params { tiles, digits, ..Params::default() };
            let bindings = Bindings { histogram: CaseBinding::ints(&counts) };
            let name = format!("{digits} digits of {tiles} tiles");
            let case = Case::new(name, [variant], &params, bindings, groups(shape, digits));
            let large = digits * tiles >= 1 << 15;
            all.push(if large { case.bench(u64::from(digits) * u64::from(tiles) * 8, 0) } else { case });
        }
    }
    all
}
