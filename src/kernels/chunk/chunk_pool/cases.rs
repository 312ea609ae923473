//! The cases of `chunk_pool`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_lists::{LIST_WORDS, List};
use crate::kernels::jagged_inputs::status;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (bags, longest, slots, chunks, width) in
        [(1u32, 1u32, 1u32, 1u32, 16u32), (50, 9, 40, 3, 16), (50, 9, 40, 2, 32), (2048, 10, 5000, 8, 16)]
    {
        for (initial, refused) in [(1, false), (0, false), (1, true)] {
            let mut random = Random::new(u64::from(bags + width));
            let lists_end = bags * chunks * LIST_WORDS;
            // `entries` of each window, all of them one list's or not
            let entries = bags * chunks * longest;
            let (mut lists, mut read) = (Vec::new(), 0);
            for (bag, chunk) in (0..bags).flat_map(|bag| (0..chunks).map(move |chunk| (bag, chunk))) {
                let begin = lists_end + bag * longest * chunks + chunk;
                lists.push(List {
                    begin,
                    step: chunks,
                    out: 4 + bag * (chunks * width + 4) + chunk * width,
                    divisor: 1 + random.below(3),
                    ends: [0, 1, 2, 3].map(|window| {
                        let len = random.below(longest + 1);
                        read += len;
                        begin + window * entries + len * chunks
                    }),
                });
            }
            let mut words = bytemuck::cast_slice::<_, u32>(&lists).to_vec();
            words.extend((0..4 * entries).map(|_| random.below(slots)));
            let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
            let bindings = Bindings {
                status: status(refused),
                lists: CaseBinding::ints(&words),
                store_0: floats(slots * width),
                store_1: floats(slots * width),
                store_2: floats(slots * width),
                store_3: floats(slots * width),
                out: floats(4 + bags * (chunks * width + 4)),
            };
            let work = bags * chunks * width / 16;
            let params = Params { work, width, entries, initial };
            let name = format!("{bags} bags of {chunks} x {width} initial={initial} refused={refused}");
            let case = Case::new(name, [true, false].map(variant), &params, bindings, work.div_ceil(64));
            let bench = bags == 2048 && initial == 1 && !refused;
            all.push(if bench { case.bench(u64::from(read) * u64::from(4 + width * 4), 0) } else { case });
        }
    }
    all
}
