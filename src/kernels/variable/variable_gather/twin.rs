//! Twin of `variable_gather.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::{Cache, prefetch};
use crate::kernels::part::find_part;
use crate::kernels::variable_gather::View;
use crate::kernels::width::Width;

/// Rows that one task takes.
const ROWS: usize = 256;
/// How many rows ahead are asked for.
const AHEAD: usize = 8;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns() as usize;
    let parts = &call.parts[..p.parts as usize];
    let keys = &call.keys[..p.len as usize];
    let (offsets, rows) = (call.offsets, call.rows);
    let out = call.out;
    let elements = |count: u32| count as usize * width;
    // where a key's row begins, and its values
    let place = |key: u32| {
        (key >= p.key_begin && key < p.key_end).then(|| {
            let part = find_part(parts, key);
            let from = part.base as usize + (key - part.key_first) as usize * part.stride as usize;
            (from, part.dim as usize)
        })
    };
    let begin = |i: usize| match p.matrix {
        1 => elements(p.out_base) + i * elements(p.out_stride),
        _ => offsets[i] as usize,
    };
    // rows of the output ascend
    let mut tasks = Vec::with_capacity(keys.len().div_ceil(ROWS));
    let (mut rest, mut at) = (out, 0);
    for first in (0..keys.len()).step_by(ROWS) {
        let (_, from) = std::mem::take(&mut rest).split_at_mut(begin(first) - at);
        at = begin(first);
        let next = first + ROWS;
        let len = if next < keys.len() { begin(next) - at } else { from.len() };
        let (own, later) = from.split_at_mut(len);
        tasks.push((first, at, own));
        (rest, at) = (later, at + len);
    }
    parallel::each(tasks.into_iter(), &|(first, at, out)| {
        for (i, &key) in keys.iter().enumerate().skip(first).take(ROWS) {
            if let Some((from, dim)) = keys.get(i + AHEAD).and_then(|&key| place(key)) {
                prefetch(rows, from, dim, Cache::First);
            }
            if p.matrix == 1 && key >= p.zero_from {
                out[begin(i) - at..][..elements(p.cols)].fill(0);
                continue;
            }
            let Some((from, dim)) = place(key) else { continue };
            let cols = if p.matrix == 1 { elements(p.cols) } else { dim };
            let (own, behind) = out[begin(i) - at..][..cols].split_at_mut(dim.min(cols));
            own.copy_from_slice(&rows[from..from + own.len()]);
            behind.fill(0);
        }
    });
}
