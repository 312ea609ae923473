//! Rows of raw ids.

use super::feature::NONE;
use super::jagged_inputs::unwritten;
use super::random::Random;
use crate::cpu::directory::{probes, virtual_id};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Ids.
        len: u32,
        /// Places of the directory, a prime.
        places: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "directory_find",
    about: "the row of each raw id in a directory, and the virtual ids of those without one",
    bindings: &[read("places"), read("ids"), write("rows"), write("unknown")],
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

/// Places with these virtual ids, in rows of their order.
pub(super) fn filled(ids: &[u32], places: u32) -> Vec<[u32; 2]> {
    let mut filled = vec![[NONE; 2]; places as usize];
    for (&id, row) in ids.iter().zip(0..) {
        if let Some(place) = probes(id, places).find(|&place| filled[place][0] == NONE) {
            filled[place] = [id, row];
        }
    }
    filled
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // raw ids that there are, of which a part is in a directory of a prime number of places
    for (len, there, known, places) in [
        (1u32, 1, 0, 3),
        (1, 1, 1, 3),
        (300, 60, 45, 53),
        (300, 60, 53, 53),
        (200_000, 90_000, 81_000, 90_001),
    ] {
        let mut random = Random::new(91);
        let raw: Vec<[u32; 2]> = (0..there).map(|_| [random.below(u32::MAX), random.below(4)]).collect();
        let virtual_ids: Vec<u32> = raw.iter().map(|&id| virtual_id(id)).collect();
        let ids: Vec<[u32; 2]> = (0..len).map(|_| raw[random.below(there) as usize]).collect();
        let bindings = vec![
            CaseBinding::ints(&filled(&virtual_ids[..known], places)),
            CaseBinding::ints(&ids),
            unwritten(len),
            unwritten(len),
        ];
        let name = format!("{len} ids, {known} known, {places} places");
        let case = Case::new(name, [0], &Params { len, places }, bindings, len.div_ceil(256));
        all.push(if len == 200_000 { case.bench(u64::from(len) * 24, 0) } else { case });
    }
    all
}
