//! Chunks that leave or come.

use super::chunk_room::{COME, LEAVE, YIELD, is_coming};
use super::chunk_slots::mixed_slots;
use super::feature::NONE;
use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of the table's rows, and of one.
        len: u32,
        chunks: u32,
        /// Of the table among those of all tables.
        first: u32,
        /// Of an adjustment, as [`super::chunk_room`] has them.
        stage: u32,
        /// The table's number.
        table: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_move",
    about: "slots of chunks that leave to the stack of free ones, or from there to those that come",
    bindings: &[read("places"), read("row_ids"), read("room"), write("free"), write("slots"), write("fresh")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/chunks.wgsl",
            "prelude/chunk_stages.wgsl",
            "chunk_move.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_move::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, chunks, top) in [(1u32, 1u32, 1u32), (300, 4, 20), (300, 4, 200), (200_000, 4, 60_000)] {
        for stage in [LEAVE, YIELD, COME] {
            let mut random = Random::new(23);
            let slots = mixed_slots(len);
            // of those that could move about a half
            let mut places = vec![9, 0];
            for &slot in &slots {
                let moves = (slot == NONE) == is_coming(stage) && random.below(2) == 0;
                places.push(places[places.len() - 1] + u32::from(moves));
            }
            let params = Params { len, chunks, first: 1, stage, table: 3 };
            let marked = places[places.len() - 1];
            // some stay if chunks yield, some come before these
            let stay = if stage == YIELD { marked / 3 } else { 0 };
            let moving = if is_coming(stage) { top.min(marked) } else { marked - stay };
            let room = [stay, moving, top, 2 * u32::from(is_coming(stage))];
            let ids: Vec<u32> = (0..len.div_ceil(chunks)).map(|row| row * 91 + 4).collect();
            let bindings = vec![
                CaseBinding::ints(&places),
                CaseBinding::ints(&ids),
                CaseBinding::ints(&room),
                CaseBinding::ints(&(0..top + len).map(|i| i * 7 % 1_000_003).collect::<Vec<u32>>()),
                CaseBinding::ints(&slots),
                unwritten(4 * len),
            ];
            let name = format!("{len} stage {stage} free={top}");
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
            all.push(if len == 200_000 { case.bench(u64::from(len) * 8, 0) } else { case });
        }
    }
    all
}
