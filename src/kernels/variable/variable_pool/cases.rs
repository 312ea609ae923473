//! The cases of `variable_pool`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, values};
use crate::kernels::random::Random;
use crate::kernels::update_inputs::UpdateInputs;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, rows, bags, longest) in [
        (&[4][..], 1, 1, 3),
        (&[8, 64, 4], 20, 33, 9),
        (&[1, 3, 65], 9, 20, 5),
        (&[16, 32, 64], 5000, 2000, 20),
    ] {
        let inputs = UpdateInputs::new(dims, rows, 5, |_, _| 0);
        let bag_offsets = offsets(bags, longest, 11);
        let len = values(&bag_offsets);
        let mut random = Random::new(7);
        let keys: Vec<u32> = (0..len.max(1)).map(|_| random.below(inputs.rows)).collect();
        let widest = dims.iter().copied().max().unwrap_or(1);
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            if dims.iter().any(|dim| dim % width != 0) {
                continue;
            }
            for (mean, initial) in [(0, 1), (1, 1), (1, 0)] {
                let params = Params {
                    bags,
                    parts: inputs.part_count(),
                    key_begin: inputs.rows / 5,
                    key_end: inputs.rows,
                    mean,
                    initial,
                    cols: widest / width,
                    out_base: 2,
                    out_stride: widest / width + 1,
                };
                let cells = ((params.out_base + bags * params.out_stride) * width) as usize;
                let bindings = Bindings {
                    parts: CaseBinding::ints(&inputs.parts),
                    keys: CaseBinding::ints(&keys),
                    bags: CaseBinding::ints(&bag_offsets),
                    rows: CaseBinding::floats(&inputs.table),
                    out: if initial == 1 {
                        CaseBinding::poisoned(cells)
                    } else {
                        CaseBinding::floats(&random.floats(cells))
                    },
                };
                let name = format!("D={dims:?} mean={mean} initial={initial}");
                let groups = (bags * params.cols).div_ceil(64);
                let case = Case::new(name, [variant], &params, bindings, groups);
                let columns: u64 = keys.iter().map(|&key| u64::from(inputs.dim_of(key))).sum();
                let bench = bags == 2000 && (mean, initial) == (0, 1);
                all.push(if bench { case.bench(columns * 4, columns) } else { case });
            }
        }
    }
    all
}
