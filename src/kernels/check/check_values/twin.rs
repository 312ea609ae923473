//! Twin of `check_values.wgsl`.

use rayon::prelude::*;

use crate::cpu::types::unpack;
use crate::kernel::elements::bits;
use crate::kernels::check_values::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let rows = call.rows;
    let size = |value: &f32| value.to_bits() & 0x7fff_ffff;
    if p.report == 1 {
        let index = call.status[0].wrapping_sub(p.first_row);
        if index < p.rows {
            let mut row = vec![0.0; p.dim as usize];
            let element = p.source_base as usize + index as usize * p.source_stride as usize;
            unpack(&rows[element * bits(p.rows_type) as usize / 32..], p.rows_type, &mut row);
            if let Some(bad) = row.iter().find(|value| size(value) > p.limit) {
                call.status[1] = bad.to_bits();
            }
        }
        return;
    }
    let bad = (0..p.rows).into_par_iter().map_init(
        || vec![0.0f32; p.dim as usize],
        |row, index| {
            let element = p.source_base as usize + index as usize * p.source_stride as usize;
            unpack(&rows[element * bits(p.rows_type) as usize / 32..], p.rows_type, row);
            row.iter().any(|value| size(value) > p.limit).then_some(p.first_row + index)
        },
    );
    let lowest = bad.flatten().min();
    let status = &mut call.status[0];
    *status = (*status).min(lowest.unwrap_or(u32::MAX));
}
