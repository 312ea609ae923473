//! Slots of bags by the windows of the store.

use super::chunk_forward::ChunkFeature;
use super::chunk_slots::mixed_slots;
use super::feature::NONE;
use super::jagged_inputs::{offsets, status, unwritten, values};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};
use crate::numbers::narrow;

/// Windows whose lists are made together.
pub(crate) const WINDOWS: usize = 4;

/// What a thread of [`chunk_pool`](super::chunk_pool) sums; these lie before the slots of all lists.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct List {
    /// The first entry of the first window, and entries from one of its slots to the next.
    pub(crate) begin: u32,
    pub(crate) step: u32,
    /// Element of the output, and what sums are divided by.
    pub(crate) out: u32,
    pub(crate) divisor: u32,
    /// Where the entries of each window end.
    pub(crate) ends: [u32; WINDOWS],
}

/// Words of a [`List`].
pub(crate) const LIST_WORDS: u32 = 8;
const _: () = assert!(size_of::<List>() == LIST_WORDS as usize * 4);

params! {
    /// Uniform parameters.
    Params {
        features: u32,
        /// Bags of a feature, and chunks of the rows of all features.
        bags: u32,
        chunks: u32,
        /// Elements from row to row of the output.
        out_stride: u32,
        /// Columns of a chunk.
        width: u32,
        /// The slots of the windows, and those of each but the last.
        first_slot: u32,
        slots: u32,
        window_slots: u32,
        /// Entries of a window.
        entries: u32,
    }
}

/// Neighbours that take one chunk of as many bags: the lanes of a software adapter.
const NEIGHBOURS: u32 = 8;

/// Threads in all, if a `u32` counts them.
pub(crate) fn threads(params: &Params) -> Option<u32> {
    params.bags.checked_next_multiple_of(NEIGHBOURS)?.checked_mul(params.chunks)
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_lists",
    about: "the slots of each bag's ids by the windows of the store, chunk by chunk",
    bindings: &[
        read("status"),
        read("features"),
        read("offsets"),
        read("rows"),
        read("slots"),
        write("lists"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[("NEIGHBOURS", NEIGHBOURS)],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/status.wgsl",
            "prelude/chunk_feature.wgsl",
            "prelude/find_feature.wgsl",
            "prelude/chunk_list.wgsl",
            "chunk_lists.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_lists::run,
    cases,
};

fn cases() -> Vec<Case> {
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
                    mean: u32::from(f == 1),
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
            let bindings = vec![
                status(refused),
                CaseBinding::ints(&features),
                CaseBinding::ints(&begins),
                CaseBinding::ints(&rows),
                CaseBinding::ints(&slots),
                unwritten(list_words + 4 * params.entries),
            ];
            let name = format!("{bags} bags {chunks:?} windows={windows} refused={refused}");
            let case = Case::new(name, [0], &params, bindings, threads(&params).unwrap_or(0).div_ceil(64));
            let bench = bags == 2048 && windows == 4 && !refused;
            all.push(if bench { case.bench(u64::from(params.entries) * 12, 0) } else { case });
        }
    }
    all
}
