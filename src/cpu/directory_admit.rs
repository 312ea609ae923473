//! Twin of `directory_admit.wgsl`.

use super::directory::probes;
use crate::kernel::Call;
use crate::kernels::directory_admit::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let (new_ids, total, counts) = (call.read::<u32>(0), call.read::<u32>(1)[0], call.read::<u32>(2));
    let places = call.write::<[u32; 2]>(3);
    let row_ids = call.write::<u32>(4);
    let admitted = total.min(p.len).min(p.capacity - counts[0]) as usize;
    for (&id, row) in new_ids[..admitted].iter().zip(counts[0]..) {
        row_ids[row as usize] = id;
        if let Some(place) = probes(id, p.places).find(|&place| places[place][0] == NONE) {
            places[place] = [id, row];
        }
    }
}
