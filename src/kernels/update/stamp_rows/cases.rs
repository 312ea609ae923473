//! The cases of `stamp_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(57);
    let mut all = Vec::new();
    for (len, rows, key_begin, key_end) in [
        (1u32, 1u32, 0u32, 1u32),
        (200, 50, 0, 50),
        (300, 1000, 100, 700),
        (64, 40, 40, 41),
        (50_000, 20_000, 0, 20_000),
    ] {
        // keys of no row come last
        let mut keys: Vec<u32> = (0..len).map(|_| random.below(rows + 1)).collect();
        keys.sort_unstable();
        let first_stamp = len % 3;
        let params = Params { len, key_begin, key_end, first_stamp, step: 77 };
        let bindings = Bindings {
            keys: CaseBinding::ints(&keys),
            stamps: CaseBinding::ints(&vec![5u32; (key_end - key_begin + first_stamp) as usize]),
        };
        let name = format!("len={len} rows={rows} window={key_begin}..{key_end}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(64));
        all.push(if len == 50_000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
