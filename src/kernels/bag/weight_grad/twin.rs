//! Twin of `weight_grad.wgsl`.

use crate::cpu::format::{Format, with_format};
use crate::cpu::parallel;
use crate::cpu::row_sum::row_sum;
use crate::cpu::simd::vectorised;
use crate::kernels::part::find_part;
use crate::kernels::weight_grad::View;

/// Positions that one task takes.
const POSITIONS: usize = 1024;

pub(crate) fn run(call: View<'_>) {
    with_format!(call.params.rows_type, format => with_rows(call, format));
}

fn with_rows<R: Format>(call: View<'_>, format: R) {
    let p = call.params;
    let parts = &call.parts[..p.parts as usize];
    let keys = &call.keys[..p.len as usize];
    let (terms, grad, rows) = (call.terms, call.grad, bytemuck::cast_slice::<u32, R::Element>(call.rows));
    let out = &mut call.out[..p.len as usize];
    let widest = parts.iter().map(|part| part.dim as usize).max().unwrap_or(0);
    parallel::each(
        keys.chunks(POSITIONS).zip(terms.chunks(POSITIONS)).zip(out.chunks_mut(POSITIONS)),
        &|((keys, terms), out)| {
            vectorised(
                #[inline(always)]
                || {
                    let mut row = vec![0.0; widest];
                    for ((&key, &[at, factor]), out) in keys.iter().zip(terms).zip(out) {
                        if key == p.zero_key {
                            *out = 0.0;
                        }
                        if key < p.key_begin || key >= p.key_end {
                            continue;
                        }
                        let part = find_part(parts, key);
                        let dim = part.dim as usize;
                        let base =
                            part.base as usize + (key - part.key_first) as usize * part.stride as usize;
                        let gradient = &grad[at as usize..][..dim];
                        let row = &mut row[..dim];
                        for (value, &element) in row.iter_mut().zip(&rows[base..base + dim]) {
                            *value = format.value(element);
                        }
                        *out = row_sum(gradient, row) * f32::from_bits(factor);
                    }
                },
            );
        },
    );
}
