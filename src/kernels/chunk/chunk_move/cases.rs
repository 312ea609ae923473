//! The cases of `chunk_move`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_room::{COME, LEAVE, YIELD, is_coming};
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
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
            let bindings = Bindings {
                places: CaseBinding::ints(&places),
                row_ids: CaseBinding::ints(&ids),
                room: CaseBinding::ints(&room),
                free: CaseBinding::ints(&(0..top + len).map(|i| i * 7 % 1_000_003).collect::<Vec<u32>>()),
                slots: CaseBinding::ints(&slots),
                fresh: unwritten(4 * len),
            };
            let name = format!("{len} stage {stage} free={top}");
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
            all.push(if len == 200_000 { case.bench(u64::from(len) * 8, 0) } else { case });
        }
    }
    all
}
