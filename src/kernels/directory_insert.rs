//! All ids into an empty directory.

use super::directory_admit::apart;
use super::directory_find::filled;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows.
        len: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_insert",
    about: "the virtual ids of all rows into an empty directory",
    bindings: &[read("row_ids"), write("places")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/random.wgsl",
            "prelude/directory.wgsl",
            "prelude/directory_insert.wgsl",
            "directory_insert.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_insert::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, buckets) in [(1u32, 2u32), (300, 1009), (60_000, 1_000_003)] {
        let mut ids = apart(len, buckets);
        // rows of nobody
        ids.iter_mut().skip(1).step_by(5).for_each(|id| *id = 0);
        let bindings = vec![CaseBinding::ints(&ids), CaseBinding::ints(&filled(&[], buckets))];
        let case =
            Case::new(format!("{len} rows"), [0], &Params { len, buckets }, bindings, len.div_ceil(256));
        all.push(if len == 60_000 { case.bench(u64::from(len) * 24, 0) } else { case });
    }
    all
}
