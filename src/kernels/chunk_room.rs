//! Slots for chunks that leave or come.

use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

/// Stages of an adjustment: those leave that are worth less than the threshold.
pub(crate) const LEAVE: u32 = 0;
/// Those worth as much leave, as far as others that are worth more find no slot.
pub(crate) const YIELD: u32 = 1;
/// Those come that are worth more.
pub(crate) const COME: u32 = 2;
/// Those come that are worth as much.
pub(crate) const FOLLOW: u32 = 3;

/// Whether chunks get slots in a stage; else they lose them.
pub(crate) fn is_coming(stage: u32) -> bool {
    stage >= COME
}

params! {
    /// Uniform parameters.
    Params {
        /// Chunks of all tables' rows.
        len: u32,
        stage: u32,
        /// Slots that stay free, if as many are before chunks yield.
        spare: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_room",
    about: "how many chunks leave or come, and which places of the stack of free slots are theirs",
    bindings: &[read("places"), read("comers"), write("free_count"), write("progress"), write("room")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/chunk_stages.wgsl", "chunk_room.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_room::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for stage in [LEAVE, YIELD, COME, FOLLOW] {
        // fewer than are spared, some, more than are wanted
        for free in [3u32, 6, 40] {
            let bindings = vec![
                CaseBinding::ints(&[0u32, 3, 9]),
                CaseBinding::ints(&[0u32, 2, 6]),
                CaseBinding::ints(&[free]),
                CaseBinding::ints(&[5u32, 7, 3]),
                unwritten(4),
            ];
            let params = Params { len: 2, stage, spare: 4 };
            all.push(Case::new(format!("stage {stage} free={free}"), [0], &params, bindings, 1));
        }
    }
    all
}
