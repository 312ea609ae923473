//! Twin of `directory_find.wgsl`.

use rayon::prelude::*;

use crate::cpu::simd::{Cache, prefetch, vectorised};
use crate::kernels::directory::bucket::{
    Bucket, PROBES, first_bucket, is_full, next_bucket, row_in, virtual_id,
};
use crate::kernels::directory_find::{Sought, View};
use crate::kernels::feature::{NONE, PADDED};
use crate::numbers::narrow;

/// Ids that are looked up together, counted by a `u16`.
const TOGETHER: usize = 2048;
/// How many ids ahead their first buckets are asked into the second cache, and from there into the first one.
const FAR: usize = 160;
const NEAR: usize = 24;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let features = &call.features[..p.features as usize];
    let (places, ids) = (call.places, call.ids);
    let mut rows = call.rows;
    let mut unknown = match p.wanted {
        1 => &mut call.unknown[p.first_unknown as usize..][..p.work as usize],
        _ => &mut [],
    };
    let mut rows_begin = 0;
    let mut tasks = Vec::new();
    for (f, &Sought { work_begin, first, buckets, first_bucket, padding }) in features.iter().enumerate() {
        let end = features.get(f + 1).map_or(p.work, |next| next.work_begin);
        let (first, len) = (first as usize, (end - work_begin) as usize);
        let directory = &places[first_bucket as usize..][..buckets as usize];
        let its_rows;
        (its_rows, rows) = std::mem::take(&mut rows)[first - rows_begin..].split_at_mut(len);
        rows_begin = first + len;
        for (ids, rows) in ids[first..][..len].chunks(TOGETHER).zip(its_rows.chunks_mut(TOGETHER)) {
            let len = ids.len().min(unknown.len());
            let its_unknown;
            (its_unknown, unknown) = std::mem::take(&mut unknown).split_at_mut(len);
            tasks.push((directory, padding, ids, rows, its_unknown));
        }
    }
    let strangers = tasks.into_par_iter().map(|(directory, padding, ids, rows, unknown)| {
        vectorised(
            #[inline(always)]
            || look_up(directory, ids, rows, unknown) - pad(padding, ids, rows, unknown),
        )
    });
    let strangers: u32 = strangers.sum();
    // where the unknown ids are not wanted, the count begins with anything
    let count = &mut call.strangers[p.table as usize];
    *count = count.wrapping_add(strangers);
}

/// Makes the padding id one that is not looked up, and gives the number of those that had no row.
#[inline(always)]
fn pad(padding: u32, raw: &[[u32; 2]], rows: &mut [u32], unknown: &mut [u32]) -> u32 {
    if padding == NONE {
        return 0;
    }
    for (unknown, &raw) in unknown.iter_mut().zip(raw) {
        *unknown = if raw == [padding, 0] { NONE } else { *unknown };
    }
    let mut strangers = 0;
    for (row, &raw) in rows.iter_mut().zip(raw) {
        if raw == [padding, 0] {
            strangers += u32::from(*row == NONE);
            *row = PADDED;
        }
    }
    strangers
}

/// Gives the number of ids that have no row. `unknown` is empty where it is not wanted.
///
/// All ids are looked for in one bucket each, and those that may be in another one then in that, and so on:
/// buckets are on their way while others are searched.
#[inline(always)]
fn look_up(directory: &[Bucket], raw: &[[u32; 2]], rows: &mut [u32], unknown: &mut [u32]) -> u32 {
    // there are as many as a `u32` counts
    let count = narrow(directory.len());
    let ask_for = |bucket: u32, into: Cache| prefetch(directory, bucket as usize, 1, into);
    let (mut ids, mut buckets) = ([0; TOGETHER], [0; TOGETHER]);
    for ((id, bucket), &raw) in ids.iter_mut().zip(&mut buckets).zip(raw) {
        *id = virtual_id(raw);
        *bucket = first_bucket(*id, count);
    }
    buckets[..NEAR].iter().for_each(|&bucket| ask_for(bucket, Cache::First));
    buckets[NEAR..FAR].iter().for_each(|&bucket| ask_for(bucket, Cache::Second));
    // those that are not found yet: they go on from full buckets
    let mut left = [0u16; TOGETHER];
    let mut len = 0;
    for (i, row) in (0u16..).zip(rows.iter_mut()) {
        let at = usize::from(i);
        ask_for(buckets[(at + FAR) % TOGETHER], Cache::Second);
        ask_for(buckets[(at + NEAR) % TOGETHER], Cache::First);
        let bucket = &directory[buckets[at] as usize];
        *row = row_in(bucket, ids[at]);
        // without a branch: it could not be predicted
        left[len] = i;
        len += usize::from(*row == NONE);
    }
    for _ in 1..PROBES.min(count) {
        len = keep(&mut left[..len], |at| {
            let full = is_full(&directory[buckets[at] as usize]);
            buckets[at] = next_bucket(buckets[at], ids[at], count);
            ask_for(buckets[at], Cache::First);
            full
        });
        if len == 0 {
            break;
        }
        len = keep(&mut left[..len], |at| {
            rows[at] = row_in(&directory[buckets[at] as usize], ids[at]);
            rows[at] == NONE
        });
    }
    for ((unknown, &row), &id) in unknown.iter_mut().zip(&*rows).zip(&ids) {
        *unknown = if row == NONE { id } else { NONE };
    }
    rows.iter().map(|&row| u32::from(row == NONE)).sum()
}

/// Moves what is kept to the front, and gives how many they are.
#[inline(always)]
fn keep(left: &mut [u16], mut kept: impl FnMut(usize) -> bool) -> usize {
    let mut len = 0;
    for k in 0..left.len() {
        let i = left[k];
        left[len] = i;
        len += usize::from(kept(usize::from(i)));
    }
    len
}
