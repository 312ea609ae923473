//! The cases of `variable_gather`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::update_inputs::UpdateInputs;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, rows, len, lanes) in [
        (&[4][..], 1, 1, 1),
        (&[8, 64, 4], 20, 100, 16),
        (&[1, 3, 65], 9, 70, 4),
        (&[8, 16, 32, 48, 64, 96, 128, 256], 3000, 10_000, 16),
    ] {
        let inputs = UpdateInputs::new(dims, rows, 5, |_, _| 0);
        let mut random = Random::new(7);
        // the last few are no rows
        let keys: Vec<u32> = (0..len).map(|_| random.below(inputs.rows + inputs.rows / 8)).collect();
        // rows beyond the window are left alone
        let key_end = inputs.rows - inputs.rows / 4;
        let mut offsets = vec![0];
        for &key in &keys {
            let dim = if key < inputs.rows { inputs.dim_of(key) } else { 0 };
            offsets.push(offsets[offsets.len() - 1] + dim);
        }
        let values = offsets[offsets.len() - 1];
        let widest = dims.iter().copied().max().unwrap_or(1);
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            if dims.iter().any(|dim| dim % width != 0) {
                continue;
            }
            for matrix in [0, 1] {
                let params = Params {
                    len,
                    parts: inputs.part_count(),
                    key_begin: 0,
                    key_end,
                    zero_from: inputs.rows,
                    lanes,
                    matrix,
                    cols: widest / width,
                    out_base: 2,
                    out_stride: widest / width + 1,
                };
                let cells = (params.out_base + len * params.out_stride) * width;
                let bindings = Bindings {
                    parts: CaseBinding::ints(&inputs.parts),
                    keys: CaseBinding::ints(&keys),
                    offsets: CaseBinding::ints(&offsets),
                    rows: CaseBinding::floats(&inputs.table),
                    out: CaseBinding::poisoned(if matrix == 1 { cells } else { values } as usize),
                };
                let name = format!("D={dims:?} matrix={matrix}");
                let case = Case::new(name, [variant], &params, bindings, (len * lanes).div_ceil(64));
                let bytes = u64::from(values) * 8;
                all.push(if len == 10_000 && matrix == 0 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
