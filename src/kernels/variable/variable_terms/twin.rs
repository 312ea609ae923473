//! Twin of `variable_terms.wgsl`.

use crate::cpu::parallel;
use crate::kernels::variable_terms::View;
use crate::numbers::narrow;

/// Terms that one task makes.
const TERMS: usize = 4096;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let begins = call.begins;
    let terms = &mut call.terms[..p.len as usize];
    parallel::pieces(terms, TERMS, &|task, terms| {
        // positions fit the `u32` that counts them
        for (term, i) in terms.iter_mut().zip(narrow(task * TERMS)..) {
            let at = if p.jagged == 1 { begins[i as usize] } else { p.base + i * p.stride };
            *term = [at, 1.0f32.to_bits()];
        }
    });
}
