//! Twin of `chunk_marks.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::chunk_marks::Params;
use crate::kernels::feature::NONE;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    let len = p.len as usize;
    let effective = &call.read::<f32>(0)[p.first as usize..][..len];
    let threshold = call.read::<f32>(1)[0];
    let slots = &call.read::<u32>(2)[p.first_chunk as usize..][..len];
    let marks = &mut call.write::<u32>(3)[p.first as usize..][..=len];
    marks[len] = 0;
    marks[..len].par_iter_mut().zip(effective).zip(slots).with_min_len(4096).for_each(
        |((mark, &worth), &slot)| {
            let marked = match p.coming {
                1 => slot == NONE && worth > 0.0 && worth >= threshold * p.margin,
                _ => slot != NONE && worth < threshold,
            };
            *mark = u32::from(marked);
        },
    );
}
