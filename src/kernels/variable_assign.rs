//! New values for rows of differing dimensions.

use super::part::{UpdateInputs, by_key};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Table parts.
        parts: u32,
        /// Keys of this window.
        key_begin: u32,
        /// One past the last of them.
        key_end: u32,
        /// Threads for a row.
        lanes: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_assign",
    about: "rows of differing dims take the values of their last occurrence",
    bindings: &[read("parts"), read("keys"), read("terms"), read("values"), write("rows")],
    params: Params::LAYOUT,
    variants: &[by_key!("vec4", 4, "variable_assign.wgsl"), by_key!("scalar", 1, "variable_assign.wgsl")],
    parity: Parity::Bits,
    twin: crate::cpu::variable_assign::run,
    cases,
};

fn cases() -> Vec<Case> {
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
            let bindings = vec![
                CaseBinding::ints(&inputs.parts),
                CaseBinding::ints(&inputs.keys),
                CaseBinding::ints(&inputs.terms),
                CaseBinding::floats(&inputs.grad),
                CaseBinding::floats(&inputs.table),
            ];
            let groups = (inputs.len() * lanes).div_ceil(64);
            let case = Case::new(format!("D={dims:?}"), [variant], &params, bindings, groups);
            all.push(if rows == 3000 { case.bench(inputs.columns() * 8, 0) } else { case });
        }
    }
    all
}
