//! The cases of `activation_scale`.

use super::*;
use crate::cpu::key_range::float_key;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(62);
    let mut ranges = vec![
        [0.0, 0.0],
        [-1e-39, 1e-38],
        [2.0, 3.0],
        [-3.0, -2.0],
        [-1e-3, 2e-3],
        [-f32::MAX, 1.0],
        [-f32::MAX, f32::MAX],
        [f32::NEG_INFINITY, 0.0],
        [0.0, f32::NAN],
    ];
    ranges.extend((0..20).map(|_| [-random.float().abs(), random.float().abs() * 9.0]));
    let mut all = Vec::new();
    for (i, [low, high]) in (0u32..).zip(ranges) {
        // the range lies at the ends of all pairs
        let mut keys = vec![[float_key(low.max(0.0).min(high)); 2]; 1 + 13 * i as usize];
        keys.first_mut().into_iter().for_each(|pair| pair[0] = float_key(low));
        keys.last_mut().into_iter().for_each(|pair| pair[1] = float_key(high));
        for levels in [127, 255] {
            all.push(Case::new(
                format!("{i}: {low:e} to {high:e}, levels={levels}"),
                [0],
                &Params { pairs: 1 + 13 * i, levels, nothing: 0 },
                Bindings { keys: CaseBinding::ints(&keys), quant: CaseBinding::mixed(&[1u32; 2]) },
                1,
            ));
        }
    }
    all
}
