//! Rows of raw ids.

use std::collections::HashSet;

use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::cpu::directory::{Bucket, insert, virtual_id};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Ids that are looked up, and the first of them.
        len: u32,
        first: u32,
        /// Where their unknown ones begin.
        unknown_first: u32,
        /// Which of the tables it is.
        table: u32,
        /// Buckets of the directory, a prime.
        buckets: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_find",
    about: "the row of each raw id in a directory, and the virtual ids of those without one",
    bindings: &[read("places"), read("ids"), write("rows"), write("unknown"), write("strangers")],
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
            "directory_find.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_find::run,
    cases,
};

/// A directory of so many buckets with these virtual ids, in rows of their order.
pub(super) fn filled(ids: &[u32], buckets: u32) -> Vec<Bucket> {
    let mut filled = vec![Bucket::default(); buckets as usize];
    for (&id, row) in ids.iter().zip(0..) {
        insert(&mut filled, id, row);
    }
    filled
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // raw ids that there are, of which a part is in a directory of a prime number of buckets
    for (len, there, known, buckets) in
        [(1u32, 1, 0, 2), (1, 1, 1, 2), (300, 60, 45, 7), (300, 60, 56, 7), (200_000, 90_000, 81_000, 11_257)]
    {
        let mut random = Random::new(91);
        let raw: Vec<[u32; 2]> = (0..there).map(|_| [random.below(u32::MAX), random.below(4)]).collect();
        let mut virtual_ids: Vec<u32> = raw.iter().map(|&id| virtual_id(id)).collect();
        // a directory has an id once, two raw ids may have the same
        let mut seen = HashSet::new();
        virtual_ids.retain(|&id| seen.insert(id));
        let ids: Vec<[u32; 2]> = (0..3 + len).map(|_| raw[random.below(there) as usize]).collect();
        let bindings = vec![
            CaseBinding::ints(&filled(&virtual_ids[..known], buckets)),
            CaseBinding::ints(&ids),
            unwritten(3 + len),
            unwritten(5 + len),
            CaseBinding::ints(&[9u32, 7]),
        ];
        let params = Params { len, first: 3, unknown_first: 5, table: 1, buckets };
        let name = format!("{len} ids, {known} known, {buckets} buckets");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if len == 200_000 { case.bench(u64::from(len) * 80, 0) } else { case });
    }
    all
}
