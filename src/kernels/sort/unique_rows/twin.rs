//! Twin of `unique_rows.wgsl`.

use crate::kernels::feature::NONE;
use crate::kernels::unique_rows::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let keys = &call.keys[..p.len as usize];
    let places = &call.places[..=p.len as usize];
    let (rows, begins) = (call.rows, call.begins);
    let count = places[p.len as usize];
    call.total[0] = count;
    rows[..p.rows as usize][(count.min(p.rows)) as usize..].fill(NONE);
    let first = keys.partition_point(|&key| key < p.key_begin);
    let last = keys.partition_point(|&key| key < p.key_end);
    for i in first..last {
        let (place, next) = (places[i] as usize, places[i + 1] as usize);
        // positions are below the length, a `u32`
        let position = narrow(i);
        if next > place {
            rows[place] = keys[i] - p.key_begin;
            begins[place] = position;
        }
        if i + 1 == last {
            begins[next] = position + 1;
        }
    }
}
