//! The cases of `weight_grad`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{self, TYPE_BF16, TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::part::lanes_for;
use crate::kernels::random::Random;
use crate::kernels::update_inputs::UpdateInputs;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, rows, longest) in [
        (&[4][..], 1, 1),
        (&[8, 64, 4], 10, 6),
        (&[1, 3, 63, 65], 7, 6),
        (&[2048, 257], 3, 4),
        (&[64], 10_000, 10),
    ] {
        for rows_type in [TYPE_F32, TYPE_F16, TYPE_BF16] {
            let strides = |dim| (elements::stride(dim, rows_type), 0);
            let lengths = |_, random: &mut Random| random.below(longest + 1);
            let inputs = UpdateInputs::with_layout(dims, rows, strides, 21, lengths);
            for vec4 in [true, false] {
                if vec4 && dims.iter().any(|dim| dim % 4 != 0) {
                    continue;
                }
                all.extend([Shape::Wide, Shape::Serial].map(|shape| case(&inputs, vec4, rows_type, shape)));
            }
        }
    }
    all
}

fn case(inputs: &UpdateInputs, vec4: bool, rows_type: u32, shape: Shape) -> Case {
    let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
    let params = Params {
        len: inputs.len(),
        parts: inputs.part_count(),
        key_begin: 0,
        key_end: inputs.rows,
        lanes,
        zero_key: inputs.none_key,
        rows_type,
    };
    let table = match rows_type {
        TYPE_F32 => CaseBinding::floats(&inputs.table),
        _ => CaseBinding::ints(&packed(&inputs.table, rows_type)),
    };
    let bindings = Bindings {
        parts: CaseBinding::ints(&inputs.parts),
        keys: CaseBinding::ints(&inputs.keys),
        terms: CaseBinding::ints(&inputs.terms),
        grad: CaseBinding::floats(&inputs.grad),
        rows: table,
        out: CaseBinding::poisoned(inputs.keys.len()),
    };
    let dims: Vec<u32> = inputs.parts.iter().map(|part| part.dim).collect();
    let case = Case::new(
        format!("D={dims:?} rows={} type={rows_type}", inputs.rows),
        [variant(vec4, rows_type != TYPE_F32, shape)],
        &params,
        bindings,
        groups(shape, inputs.len(), lanes),
    );
    let columns = inputs.columns();
    if inputs.rows == 10_000 { case.bench(columns * 8, columns * 2) } else { case }
}
