//! Twin of `directory_find.wgsl`.

use rayon::prelude::*;

use super::directory::{probes, virtual_id};
use crate::kernel::Call;
use crate::kernels::directory_find::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let places = call.read::<[u32; 2]>(0);
    let len = p.len as usize;
    let ids = &call.read::<[u32; 2]>(1)[..len];
    let (rows, unknown) = (&mut call.write::<u32>(2)[..len], &mut call.write::<u32>(3)[..len]);
    ids.par_iter().zip(rows).zip(unknown).with_min_len(1024).for_each(|((&raw, row), unknown)| {
        let id = virtual_id(raw);
        let mut entries = probes(id, p.places).map(|place| places[place]);
        let found = entries.find(|entry| entry[0] == id || entry[0] == NONE);
        *row = found.filter(|entry| entry[0] == id).map_or(NONE, |entry| entry[1]);
        *unknown = if *row == NONE { id } else { NONE };
    });
}
