//! The bucket of each value, by blocks of rows.

use super::jagged_inputs::{offsets, status, unwritten, values};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Values.
        len: u32,
        /// Features.
        features: u32,
        /// Examples.
        batch: u32,
        /// Buckets.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "bucket_keys",
    about: "keys[i] = values[i] / block, locals[i] = values[i] % block",
    bindings: &[
        read("status"),
        read("offsets"),
        read("blocks"),
        read("values"),
        write("keys"),
        write("locals"),
    ],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "bucket_keys.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::bucket_keys::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, features, batch, longest, buckets, refused) in [
        ("some", 3, 5, 4, 3, false),
        ("empty features", 5, 1, 1, 2, false),
        ("one bucket", 2, 40, 3, 1, false),
        ("refused", 3, 5, 4, 3, true),
        ("large", 8, 2048, 40, 16, false),
    ] {
        let offsets = offsets(features * batch, longest, 31);
        let len = values(&offsets);
        let mut random = Random::new(37);
        let blocks: Vec<u32> =
            (0..features).map(|feature| [1, 300, u32::MAX][feature as usize % 3]).collect();
        let ids: Vec<u32> =
            (0..len).map(|i| random.below(if i % 7 == 0 { u32::MAX } else { 1000 })).collect();
        let bindings = vec![
            status(refused),
            CaseBinding::ints(&offsets),
            CaseBinding::ints(&blocks),
            CaseBinding::ints(&ids),
            unwritten(len),
            unwritten(len),
        ];
        let case =
            Case::new(name, [0], &Params { len, features, batch, buckets }, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(len) * 12, 0) } else { case });
    }
    all
}
