//! The cases of `chunk_marks`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::chunk_room::{COME, FOLLOW, LEAVE, YIELD};
use crate::kernels::chunk_slots::cases::mixed_slots;
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, by_column) in [(1u32, 1u32, 0), (75, 4, 0), (75, 4, 1), (100_000, 4, 0)] {
        for (stage, margin) in [(LEAVE, 1.25), (YIELD, 1.25), (COME, 1.25), (COME, 1.0), (FOLLOW, 1.0)] {
            let mut random = Random::new(19);
            let len = rows * chunks;
            // in steps, so that some are as large as the threshold
            let effective: Vec<f32> = (0..3 + len).map(|_| random.below(9) as f32).collect();
            let params = Params { len, chunks, first: 3, stage, margin, threshold: 1, by_column };
            let bindings = Bindings {
                effective: CaseBinding::floats(&effective),
                thresholds: CaseBinding::floats(&[9.0, 4.0, 3.0, 5.0, 2.0]),
                slots: CaseBinding::ints(&mixed_slots(len)),
                marks: unwritten(4 + len),
            };
            let name = format!("{rows} x {chunks} stage {stage} margin={margin} by_column={by_column}");
            let case = Case::new(name, [0], &params, bindings, (len + 1).div_ceil(256));
            all.push(if rows == 100_000 { case.bench(u64::from(len) * 12, 0) } else { case });
        }
    }
    all
}
