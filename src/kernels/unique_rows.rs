//! Distinct rows among sorted keys.

use super::jagged_inputs::unwritten;
use super::segment_heads::{self, sorted_keys};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Sorted keys.
        len: u32,
        /// Keys that are looked at; the first is row 0.
        key_begin: u32,
        key_end: u32,
        /// Rows that there is room for.
        rows: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "unique_rows",
    about: "the distinct rows among sorted keys, where their segments begin, and their number",
    bindings: &[read("keys"), read("places"), write("rows"), write("begins"), write("total")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "unique_rows.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::unique_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, len, each, [key_begin, key_end], refused) in segment_heads::CASES {
        let keys = sorted_keys(len, each, 61);
        let mut places = vec![0];
        let mut rows = 0;
        for (i, &key) in keys.iter().enumerate() {
            let head = (key_begin..key_end).contains(&key) && (i == 0 || keys[i - 1] != key);
            rows += u32::from(head && !refused);
            places.push(rows);
        }
        let room = if name == "a range" { rows + 7 } else { len };
        let bindings = vec![
            CaseBinding::ints(&keys),
            CaseBinding::ints(&places),
            unwritten(room),
            unwritten(room + 1),
            unwritten(1),
        ];
        let params = Params { len, key_begin, key_end, rows: room };
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(len + rows) * 8, 0) } else { case });
    }
    all
}
