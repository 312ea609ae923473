//! Twin of `move_rows.wgsl`.

use std::sync::atomic::Ordering::Relaxed;

use crate::cpu::atomic::as_atomic;
use crate::cpu::parallel;
use crate::kernels::move_rows::View;
use crate::kernels::width::Width;

/// Rows that one task moves, at least.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let width = Width::of_variant(call.variant).columns();
    let [cols, table_base, packed_base] =
        [p.cols, p.table_base, p.packed_base].map(|elements| elements as usize * width as usize);
    let rows = p.rows as usize;
    let places = &call.places[p.first_place as usize..][..rows];
    let (source, out) = (call.source, call.out);
    // where a row begins, if it lies in the window
    let there = |place: u32| {
        let row = place.wrapping_sub(p.window_first);
        (row < p.window_rows).then(|| table_base + row as usize * cols)
    };
    if p.scatter == 1 {
        let out = as_atomic(out);
        let packed = source[packed_base..][..rows * cols].chunks(cols * ROWS);
        parallel::each(places.chunks(ROWS).zip(packed), &|(places, packed)| {
            for (&place, source) in places.iter().zip(packed.chunks(cols)) {
                let Some(at) = there(place) else { continue };
                for (out, &word) in out[at..at + cols].iter().zip(source) {
                    out.store(word, Relaxed);
                }
            }
        });
    } else {
        let packed = out[packed_base..][..rows * cols].chunks_mut(cols * ROWS);
        parallel::each(places.chunks(ROWS).zip(packed), &|(places, packed)| {
            for (&place, out) in places.iter().zip(packed.chunks_mut(cols)) {
                if let Some(at) = there(place) {
                    out.copy_from_slice(&source[at..at + cols]);
                }
            }
        });
    }
}
