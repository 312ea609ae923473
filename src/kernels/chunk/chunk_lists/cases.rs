//! The cases of `chunk_lists`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_forward::ChunkFeature;
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::feature::{NONE, POOL_MEAN, POOL_SUM};
use crate::kernels::jagged_inputs::{offsets, status, unwritten, values};
use crate::kernels::random::Random;
use crate::numbers::narrow;

const _: () = assert!(size_of::<List>() == LIST_WORDS as usize * 4);

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // the chunks of the rows of each feature's table
    for (bags, longest, table_rows, chunks) in
        [(1u32, 1u32, 1u32, &[1u32][..]), (50, 9, 40, &[3, 1, 4]), (2048, 39, 5000, &[4, 4])]
    {
        for (windows, refused) in [(4, false), (3, false), (1, false), (4, true)] {
            let mut random = Random::new(u64::from(bags));
            // the bags of a feature come after those of the one before
            let begins = offsets(2 + bags * narrow(chunks.len()), longest, 13);
            let ids = values(&begins);
            let rows: Vec<u32> = (0..ids.max(1))
                .map(|_| if random.below(9) == 0 { NONE } else { random.below(table_rows) })
                .collect();
            let all_chunks: u32 = chunks.iter().sum();
            let slots = mixed_slots(3 + table_rows * all_chunks);
            let room = (table_rows * all_chunks).next_power_of_two();
            let mut params = Params {
                // there are few
                features: narrow(chunks.len()),
                bags,
                chunks: all_chunks,
                out_stride: all_chunks * 16 + 4,
                width: 16,
                // slots before and after these windows
                first_slot: room / 16,
                slots: room / 5 * windows,
                window_slots: room.div_ceil(5),
                entries: 0,
            };
            let list_words = bags * all_chunks * LIST_WORDS;
            let (mut work_begin, mut slots_base, mut out_base) = (0, 3, 4);
            let feature = |(&chunks, f): (&u32, u32)| {
                let first_bag = 2 + f * bags;
                let [first, end] = [first_bag, first_bag + bags].map(|bag| begins[bag as usize]);
                let feature = ChunkFeature {
                    work_begin,
                    first_bag,
                    chunks,
                    pooling: if f == 1 { POOL_MEAN } else { POOL_SUM },
                    slots_base,
                    out_base,
                    lists_base: (list_words + params.entries).wrapping_sub(first * chunks),
                };
                work_begin += bags * chunks;
                (slots_base, out_base) = (slots_base + table_rows * chunks, out_base + chunks * params.width);
                params.entries += (end - first) * chunks;
                feature
            };
            let features: Vec<ChunkFeature> = chunks.iter().zip(0..).map(feature).collect();
            let bindings = Bindings {
                status: status(refused),
                features: CaseBinding::ints(&features),
                offsets: CaseBinding::ints(&begins),
                rows: CaseBinding::ints(&rows),
                slots: CaseBinding::ints(&slots),
                lists: unwritten(list_words + 4 * params.entries),
            };
            let name = format!("{bags} bags {chunks:?} windows={windows} refused={refused}");
            let case = Case::new(name, [0], &params, bindings, threads(&params).unwrap_or(0).div_ceil(64));
            let bench = bags == 2048 && windows == 4 && !refused;
            all.push(if bench { case.bench(u64::from(params.entries) * 12, 0) } else { case });
        }
    }
    all
}
