//! The cases of `chunk_forward`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::feature::{NONE, PADDED, POOL_MEAN, POOL_NONE, POOL_SUM};
use crate::kernels::jagged_inputs::{offsets, status, values};
use crate::kernels::random::Random;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // the chunks of the rows of each feature's table
    for (bags, longest, table_rows, chunks, width, in_order) in [
        (1u32, 1u32, 1u32, &[1u32][..], 4u32, false),
        (50, 9, 40, &[3, 1, 4], 8, false),
        (50, 9, 40, &[5, 2], 16, false),
        (50, 9, 40, &[2], 32, false),
        (50, 9, 40, &[17, 16], 4, false),
        (2048, 39, 5000, &[4], 16, false),
        (50, 9, 40, &[16, 1], 4, true),
        (50, 9, 40, &[5, 4], 16, true),
    ] {
        for (initial, pooling, weighted, refused) in [
            (1, POOL_SUM, false, false),
            (1, POOL_MEAN, false, false),
            (0, POOL_MEAN, true, false),
            (1, POOL_SUM, true, false),
            (0, POOL_NONE, true, false),
            (1, POOL_NONE, false, false),
            (1, POOL_SUM, false, true),
        ] {
            let mut random = Random::new(u64::from(bags + width));
            // the bags of a feature come after those of the one before
            let features = narrow(chunks.len());
            let begins = offsets(2 + features * bags, longest, 13);
            let ids = values(&begins);
            let mut row = || match random.below(9) {
                0 => NONE,
                1 => PADDED,
                _ => random.below(table_rows),
            };
            // without pooling a feature has an id for each row of the output
            let ids = if pooling == POOL_NONE { 2 + features * bags } else { ids.max(1) };
            let mut rows: Vec<u32> = (0..ids).map(|_| row()).collect();
            if weighted {
                rows.extend(random.floats(ids as usize).into_iter().map(f32::to_bits));
            }
            let all_chunks: u32 = chunks.iter().sum();
            // 3 words, and then those of each table
            let slots = 3 + table_rows * all_chunks;
            // as those of rows that have just come, or after some evictions
            let slots = if in_order { (0..slots).collect() } else { mixed_slots(slots) };
            let room = (table_rows * all_chunks).next_power_of_two();
            let params = Params {
                features,
                work: 0,
                bags,
                out_stride: all_chunks * width + 4,
                width,
                // a window in the middle
                first_slot: room / 8,
                slots: room - room / 4,
                base: 4,
                initial,
                weights: if weighted { ids } else { 0 },
                store_type: TYPE_F32,
            };
            let (store, out) = (4 + params.slots * width, 4 + bags * params.out_stride);
            let [store, out] = [store, out].map(|len| random.floats(len as usize));
            let out = CaseBinding::floats(&out);
            let mixed = CaseBinding::ints(&slots);
            for (sixteen, store_type) in
                [(false, TYPE_F32), (true, TYPE_F32), (false, TYPE_F16), (true, TYPE_BF16)]
            {
                if sixteen && !width.is_multiple_of(16) {
                    continue;
                }
                let halves = store_type != TYPE_F32;
                let ways = if sixteen { &[Way::Sixteen][..] } else { &[Way::Wide, Way::Four] };
                let columns = ways[0].columns();
                let variants =
                    ways.iter().flat_map(|&way| [true, false].map(|vec4| variant(way, vec4, halves)));
                let mut params = Params { store_type, ..params };
                let (mut slots_base, mut out_base) = (3, 4);
                let feature = |(&chunks, first_bag): (&u32, u32)| {
                    let work_begin = params.work;
                    let feature = ChunkFeature {
                        work_begin,
                        first_bag,
                        chunks,
                        // not of all features
                        pooling: if pooling == POOL_MEAN && first_bag != 2 { POOL_SUM } else { pooling },
                        slots_base,
                        out_base,
                        lists_base: 0,
                    };
                    params.work += bags * chunks * width / columns;
                    (slots_base, out_base) = (slots_base + table_rows * chunks, out_base + chunks * width);
                    feature
                };
                let first_bags = (2..).step_by(bags as usize);
                let of_features: Vec<ChunkFeature> = chunks.iter().zip(first_bags).map(feature).collect();
                let bindings = Bindings {
                    status: status(refused),
                    features: CaseBinding::ints(&of_features),
                    offsets: CaseBinding::ints(&begins),
                    rows: CaseBinding::mixed(&rows),
                    slots: mixed.clone(),
                    store: CaseBinding::mixed(&packed(&store, store_type)),
                    out: out.clone(),
                };
                let name = format!(
                    "{bags} bags {chunks:?} x {width} in order: {in_order} by {columns} of type {store_type} initial={initial} pooling={pooling} weighted={weighted} refused={refused}"
                );
                let case = Case::new(name, variants, &params, bindings, params.work.div_ceil(64));
                let size = if halves { 2 } else { 4 };
                let bytes = u64::from(ids) * u64::from(4 + 4 * all_chunks + size * all_chunks * width);
                let bench =
                    bags == 2048 && (initial, pooling, weighted, refused) == (1, POOL_SUM, false, false);
                all.push(if bench { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
