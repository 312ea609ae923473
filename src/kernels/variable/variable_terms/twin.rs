//! Twin of `variable_terms.wgsl`.

use rayon::prelude::*;

use crate::kernels::variable_terms::{BY_BAG, BY_OFFSET, View};
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let begins = call.begins;
    let terms = &mut call.terms[p.out_first as usize..][..p.len as usize];
    terms.par_iter_mut().with_min_len(4096).zip(0..p.len).for_each(|(term, i)| {
        let one = 1.0f32.to_bits();
        *term = match p.place {
            BY_OFFSET => [begins[i as usize], one],
            BY_BAG => {
                let begins = &begins[p.first_bag as usize..];
                let bags = &begins[..p.bags as usize];
                let bag = bags.partition_point(|&begin| begin <= p.first + i).saturating_sub(1);
                // offsets that are refused may descend: nobody reads these terms then
                let count = begins[bag + 1].wrapping_sub(begins[bag]);
                let factor = if p.mean == 1 { (1.0 / count as f32).to_bits() } else { one };
                // there are fewer bags than a `u32` counts
                [p.base.wrapping_add(narrow(bag).wrapping_mul(p.stride)), factor]
            }
            _ => [p.base + i * p.stride, one],
        };
    });
}
