//! The cases of `chunk_room`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for stage in [LEAVE, YIELD, COME, FOLLOW] {
        // fewer than are spared, some, more than are wanted
        for free in [3u32, 6, 40] {
            let bindings = Bindings {
                places: CaseBinding::ints(&[0u32, 3, 9]),
                comers: CaseBinding::ints(&[0u32, 2, 6]),
                free_count: CaseBinding::ints(&[free]),
                progress: CaseBinding::ints(&[5u32, 7, 3]),
                room: unwritten(4),
            };
            let params = Params { len: 2, stage, spare: 4 };
            all.push(Case::new(format!("stage {stage} free={free}"), [0], &params, bindings, 1));
        }
    }
    all
}
