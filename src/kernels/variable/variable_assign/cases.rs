//! The cases of `variable_assign`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::update_inputs::UpdateInputs;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, rows, longest, lanes) in
        [(&[4][..], 1, 1, 1), (&[8, 64, 4], 20, 3, 16), (&[1, 3, 65], 9, 3, 4), (&[16, 32, 64], 3000, 4, 16)]
    {
        let inputs = UpdateInputs::new(dims, rows, 5, |_, random| random.below(longest + 1));
        for (variant, width) in [(0, 4), (1, 1)] {
            if dims.iter().any(|dim| dim % width != 0) {
                continue;
            }
            let params = Params {
                len: inputs.len(),
                parts: inputs.part_count(),
                key_begin: 0,
                key_end: inputs.rows - inputs.rows / 4,
                lanes,
            };
            let bindings = Bindings {
                parts: CaseBinding::ints(&inputs.parts),
                keys: CaseBinding::ints(&inputs.keys),
                terms: CaseBinding::ints(&inputs.terms),
                values: CaseBinding::floats(&inputs.grad),
                rows: CaseBinding::floats(&inputs.table),
            };
            let groups = (inputs.len() * lanes).div_ceil(64);
            let case = Case::new(format!("D={dims:?}"), [variant], &params, bindings, groups);
            all.push(if rows == 3000 { case.bench(inputs.columns() * 8, 0) } else { case });
        }
    }
    all
}
