//! The cases of `select_count`.

use super::*;
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (variant, shape) in [(0, Shape::Wide), (1, Shape::Serial)] {
        for len in [1u32, 255, 5000, 1 << 20] {
            let mut random = Random::new(u64::from(len));
            let (first, stride) = if len == 5000 { (2, 3) } else { (0, 1) };
            let keys: Vec<u32> = (0..first + len * stride).map(|_| random.below(1 << 20) << 11).collect();
            // as if some were floats below zero
            let (keys, significant) = match len {
                255 => (keys.iter().map(|key| key | (key & 1 << 11) << 20).collect(), i32::MAX as u32),
                _ => (keys, u32::MAX),
            };
            let found = keys[keys.len() / 2] & significant;
            for (shift, mask) in [(24, 0), (16, 0xff00_0000), (0, 0xffff_ff00)] {
                let tile = if shape == Shape::Wide { 4096 } else { len.div_ceil(64) };
                let params = Params { len, first, stride, tile, shift, mask, significant };
                let bindings = Bindings {
                    keys: CaseBinding::ints(&keys),
                    found: CaseBinding::ints(&[found & mask, 7]),
                    counts: CaseBinding::ints(&[3u32; DIGITS as usize]),
                };
                let groups = groups(shape, len.div_ceil(tile));
                let case = Case::new(format!("n={len} shift={shift}"), [variant], &params, bindings, groups);
                all.push(if len == 1 << 20 { case.bench(u64::from(len) * 4, 0) } else { case });
            }
        }
    }
    all
}
