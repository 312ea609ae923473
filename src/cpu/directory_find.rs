//! Twin of `directory_find.wgsl`.

use rayon::prelude::*;

use super::directory::{Bucket, find, first_bucket, virtual_id};
use super::simd::{prefetch, vectorised};
use crate::kernel::Call;
use crate::kernels::directory_find::Params;
use crate::kernels::feature::NONE;

/// Ids whose buckets are asked for before the first of them is looked at.
const TOGETHER: usize = 32;
/// Ids of a task.
const TASK: usize = TOGETHER * 64;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let directory = &call.read::<Bucket>(0)[..p.buckets as usize];
    let (first, len) = (p.first as usize, p.len as usize);
    let ids = &call.read::<[u32; 2]>(1)[first..][..len];
    let (rows, unknown) = (
        &mut call.write::<u32>(2)[first..][..len],
        &mut call.write::<u32>(3)[p.unknown_first as usize..][..len],
    );
    let tasks = ids.par_chunks(TASK).zip(rows.par_chunks_mut(TASK)).zip(unknown.par_chunks_mut(TASK));
    let strangers = tasks.map(|((ids, rows), unknown)| {
        vectorised(
            #[inline(always)]
            || look_up(directory, p.buckets, ids, rows, unknown),
        )
    });
    let strangers: u32 = strangers.sum();
    // where nobody asks, the count begins with anything
    let count = &mut call.write::<u32>(4)[p.table as usize];
    *count = count.wrapping_add(strangers);
}

/// Gives the number of ids that have no row.
#[inline(always)]
fn look_up(
    directory: &[Bucket],
    buckets: u32,
    raw: &[[u32; 2]],
    rows: &mut [u32],
    unknown: &mut [u32],
) -> u32 {
    let mut strangers = 0;
    let mut ids = [0; TOGETHER];
    let outs = rows.chunks_mut(TOGETHER).zip(unknown.chunks_mut(TOGETHER));
    for (raw, (rows, unknown)) in raw.chunks(TOGETHER).zip(outs) {
        for (id, &raw) in ids.iter_mut().zip(raw) {
            *id = virtual_id(raw);
            prefetch(std::slice::from_ref(&directory[first_bucket(*id, buckets) as usize]));
        }
        for ((&id, row), unknown) in ids.iter().zip(rows).zip(unknown) {
            let found = find(directory, id);
            *row = found.unwrap_or(NONE);
            *unknown = if found.is_some() { NONE } else { id };
            strangers += u32::from(found.is_none());
        }
    }
    strangers
}
