//! The cases of `sort_scatter`.

use super::{Bindings, variant};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::sort_count::cases::Pass;
use crate::kernels::sort_count::{self, Params};

pub(crate) fn cases() -> Vec<Case> {
    sort_count::cases::passes()
        .into_iter()
        .flat_map(|pass| [false, true].map(|gather| case(&pass, gather)))
        .collect()
}

fn case(pass: &Pass, gather: bool) -> Case {
    let Params { tile, tiles, shift, digits, first, .. } = pass.params;
    let digit = |key: u32| key >> shift & (digits - 1);
    let mut histogram = vec![0u32; (digits * (tiles + 1)) as usize];
    for (t, keys) in (0u32..).zip(pass.keys.chunks(tile as usize)) {
        for &key in keys {
            histogram[(digit(key) * tiles + t) as usize] += 1;
        }
    }
    let (counts, sums) = histogram.split_at_mut((digits * tiles) as usize);
    for (row, sum) in counts.chunks_mut(tiles as usize).zip(sums) {
        *sum = row.iter_mut().fold(0, |running, count| running + std::mem::replace(count, running));
    }
    let len = pass.keys.len();
    // values that name terms are below their number
    let values: Vec<u32> = (0u32..).take(len).map(|i| i.wrapping_mul(7919) % pass.params.len).collect();
    let terms: Vec<[u32; 2]> = (0u32..).take(len).map(|i| [i.wrapping_mul(3), !i]).collect();
    let out = |words: usize, used: bool| CaseBinding::unwritten(if used { words } else { 4 });
    let mut pass = pass.clone();
    pass.params.gather = u32::from(gather);
    if gather {
        pass.name.push_str(" gather");
    }
    // keys and values are read and written (in the first pass values are positions), and terms at random
    let bytes = if first == 1 { 12 } else { 16 } + if gather { 12 } else { 0 };
    let bindings = Bindings {
        histogram: CaseBinding::ints(&histogram),
        keys_in: CaseBinding::ints(&pass.keys),
        values_in: CaseBinding::ints(&values),
        keys_out: out(len, true),
        values_out: out(len, !gather),
        terms: CaseBinding::ints(if gather { &terms[..] } else { &terms[..1] }),
        terms_out: out(2 * len, gather),
    };
    let variants = [false, true].map(|subgroups| variant(pass.shape, subgroups));
    // one for software adapters
    let variants = if variants[0] == variants[1] { vec![variants[0]] } else { variants.into() };
    pass.case(variants, bytes, bindings)
}
