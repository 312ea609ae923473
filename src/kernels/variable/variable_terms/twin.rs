//! Twin of `variable_terms.wgsl`.

use crate::cpu::parallel;
use crate::kernels::variable_terms::{BY_BAG, BY_OFFSET, View};
use crate::numbers::narrow;

/// Terms that one task makes.
const TERMS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let begins = call.begins;
    let terms = &mut call.terms[p.out_first as usize..][..p.len as usize];
    parallel::pieces(terms, TERMS, &|task, terms| {
        // positions fit the `u32` that counts them
        for (term, i) in terms.iter_mut().zip(narrow(task * TERMS)..) {
            let one = 1.0f32.to_bits();
            *term = match p.place {
                BY_OFFSET => [begins[i as usize], one],
                BY_BAG => {
                    let begins = &begins[p.first_bag as usize..];
                    let bags = &begins[..p.bags as usize];
                    let bag = bags.partition_point(|&begin| begin <= p.first + i).saturating_sub(1);
                    // offsets that are refused may descend: their terms are not read
                    let count = begins[bag + 1].wrapping_sub(begins[bag]);
                    let factor = if p.mean == 1 { (1.0 / count as f32).to_bits() } else { one };
                    // there are fewer bags than a `u32` counts
                    [p.base.wrapping_add(narrow(bag).wrapping_mul(p.stride)), factor]
                }
                _ => [p.base + i * p.stride, one],
            };
        }
    });
}
