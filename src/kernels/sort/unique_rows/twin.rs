//! Twin of `unique_rows.wgsl`.

use crate::kernel::Call;
use crate::kernels::feature::NONE;
use crate::kernels::unique_rows::Params;
use crate::numbers::narrow;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let keys = &call.read::<u32>(0)[..p.len as usize];
    let places = &call.read::<u32>(1)[..=p.len as usize];
    let (rows, begins) = (call.write::<u32>(2), call.write::<u32>(3));
    let count = places[p.len as usize];
    call.write::<u32>(4)[0] = count;
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
