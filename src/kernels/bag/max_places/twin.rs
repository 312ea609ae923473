//! Twin of `max_places.wgsl`.

use crate::cpu::format::{Format, with_format};
use crate::cpu::parallel;
use crate::kernels::feature::NONE;
use crate::kernels::max_places::View;

pub(crate) fn run(call: View<'_>) {
    with_format!(call.params.rows_type, format => with_rows(call, format));
}

fn with_rows<R: Format>(call: View<'_>, format: R) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let (offsets, ids, rows) = (call.offsets, call.ids, bytemuck::cast_slice::<u32, R::Element>(call.rows));
    let best = &mut call.best[..p.values as usize];
    let places = &mut call.places[..p.values as usize];
    let dim = p.dim as usize;
    let bags = best.chunks_mut(dim).zip(places.chunks_mut(dim)).enumerate();
    parallel::each(bags, &|(bag, (best, places))| {
        let bag = p.first_bag as usize + bag;
        let mut values = vec![0.0f32; dim];
        let mut found = vec![NONE; dim];
        let mut first = true;
        for position in offsets[bag]..offsets[bag + 1] {
            let id = ids[position as usize];
            if id >= p.table_rows || id == p.padding {
                continue;
            }
            let row = id.wrapping_sub(p.window_first);
            if row < p.window_rows {
                let at = p.window_base as usize + row as usize * p.window_stride as usize;
                let columns = values.iter_mut().zip(&mut found).zip(&rows[at..at + dim]);
                for ((value, place), &new) in columns {
                    let new = format.value(new);
                    let counts = !new.is_nan() && !value.is_nan();
                    if first || counts && (*place == NONE || new > *value) {
                        (*value, *place) = (new, position);
                    }
                }
            }
            first = false;
        }
        for ((old, old_place), (value, place)) in
            best.iter_mut().zip(places).zip(values.into_iter().zip(found))
        {
            let beats = value > *old || value == *old && place < *old_place;
            let takes = value.is_nan() || *old_place == NONE || !old.is_nan() && beats;
            if p.initial == 1 || place != NONE && takes {
                (*old, *old_place) = (value, place);
            }
        }
    });
}
