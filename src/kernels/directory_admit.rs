//! New ids of a directory.

use super::directory_find::filled;
use super::feature::NONE;
use super::jagged_inputs::unwritten;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// No fewer than the new ids.
        len: u32,
        /// Places of the directory, a prime.
        places: u32,
        /// Rows.
        capacity: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_admit",
    about: "new virtual ids, in ascending order, into the next rows of a directory",
    bindings: &[read("new_ids"), read("total"), read("counts"), write("places"), write("row_ids")],
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
            "directory_admit.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::directory_admit::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // places depend on who comes first only where two new ids meet: here none do
    for (name, known, new, len, places, capacity) in [
        ("one", 0u32, 1u32, 1u32, 3u32, 2u32),
        ("none", 5, 0, 40, 53, 47),
        ("some", 5, 20, 40, 1009, 900),
        ("more than rows", 40, 20, 20, 1009, 45),
        ("large", 1000, 50_000, 60_000, 1_000_003, 900_000),
    ] {
        let mut ids = Vec::new();
        let mut taken = vec![false; places as usize];
        // one id for each place
        for id in (0u32..).step_by(7) {
            if ids.len() == (known + new) as usize {
                break;
            }
            if !std::mem::replace(&mut taken[(id % places) as usize], true) {
                ids.push(id);
            }
        }
        let (known_ids, new_ids) = ids.split_at(known as usize);
        let mut listed = new_ids.to_vec();
        listed.resize(len as usize, NONE);
        let bindings = vec![
            CaseBinding::ints(&listed),
            CaseBinding::ints(&[new]),
            CaseBinding::ints(&[known, 3]),
            CaseBinding::ints(&filled(known_ids, places)),
            unwritten(capacity),
        ];
        let params = Params { len, places, capacity };
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(new) * 20, 0) } else { case });
    }
    all
}
