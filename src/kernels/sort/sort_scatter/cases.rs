//! The cases of `sort_scatter`.

use super::Bindings;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::sort_count::cases::Pass;
use crate::kernels::sort_count::{self, Params};

pub(crate) fn cases() -> Vec<Case> {
    sort_count::cases::passes().iter().map(case).collect()
}

fn case(pass: &Pass) -> Case {
    let Params { tile, tiles, shift, digits, .. } = pass.params;
    let digit = |key: u32| key >> shift & (digits - 1);
    // where each tile's keys of each digit go: digit by digit, tile by tile
    let mut places = vec![0u32; (digits * tiles) as usize];
    for (t, keys) in (0u32..).zip(pass.keys.chunks(tile as usize)) {
        for &key in keys {
            places[(digit(key) * tiles + t) as usize] += 1;
        }
    }
    let mut running = 0;
    for place in &mut places {
        running += std::mem::replace(place, running);
    }
    let values: Vec<u32> = pass.keys.iter().map(|key| key.wrapping_mul(3)).collect();
    let poisoned = CaseBinding::ints(&vec![0xdead_beef_u32; pass.keys.len()]);
    // keys and values are read and written; in the first pass values are positions
    let bytes = if pass.params.first == 1 { 12 } else { 16 };
    pass.case(
        bytes,
        Bindings {
            histogram: CaseBinding::ints(&places),
            keys_in: CaseBinding::ints(&pass.keys),
            values_in: CaseBinding::ints(&values),
            keys_out: poisoned.clone(),
            values_out: poisoned,
        },
    )
}
