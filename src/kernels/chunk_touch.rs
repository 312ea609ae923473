//! Rows that an adjustment changes.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Chunks of a row.
        chunks: u32,
        /// The table's first among those of all tables.
        first: u32,
        /// The step that it is.
        step: u32,
        /// Words of a row in `touch`.
        words: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_touch",
    about: "rows of which a chunk left or came count as changed",
    bindings: &[read("places"), read("room"), read("effective"), write("utility"), write("touch")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "chunk_touch.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_touch::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (rows, chunks, words) in [(1u32, 1u32, 1u32), (70, 4, 2), (50_000, 4, 1)] {
        let mut random = Random::new(29);
        let count = rows * chunks;
        let mut places = vec![9, 0];
        for _ in 0..count {
            places.push(places[places.len() - 1] + u32::from(random.below(5) == 0));
        }
        let params = Params { len: rows, chunks, first: 1, step: 8, words };
        let marked = places[places.len() - 1];
        let stay = marked / 3;
        let bindings = vec![
            CaseBinding::ints(&places),
            CaseBinding::ints(&[stay, marked - stay - marked / 4]),
            CaseBinding::floats(&random.floats((1 + count) as usize)),
            CaseBinding::floats(&random.floats(count as usize)),
            CaseBinding::ints(&vec![3u32; (rows * words) as usize]),
        ];
        let case = Case::new(format!("{rows} x {chunks}"), [0], &params, bindings, rows.div_ceil(256));
        all.push(if rows == 50_000 { case.bench(u64::from(count) * 8, 0) } else { case });
    }
    all
}
