//! Checks the offsets of a device batch.

use super::feature::Status;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Bags; there is one offset more.
        bags: u32,
        /// Ids.
        ids: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_offsets",
    about: "the lowest offset that falls, or lies beyond the ids",
    bindings: &[write("status"), read("offsets")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "check_offsets.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::check_offsets::run,
    cases,
};

fn cases() -> Vec<Case> {
    let case = |name: &str, offsets: &[u32], ids: u32| {
        let bags = u32::try_from(offsets.len()).unwrap_or(1) - 1;
        let bindings = vec![CaseBinding::ints(&[Status::CLEAN]), CaseBinding::ints(offsets)];
        Case::new(name, [0], &Params { bags, ids }, bindings, (bags + 1).div_ceil(64))
    };
    let long: Vec<u32> = (0..1000).map(|i| i * 3).collect();
    let mut falls = long.clone();
    (falls[700], falls[300]) = (5, 2000);
    vec![
        case("no bags", &[0], 0),
        case("good", &long, 2997),
        case("begins late", &[1, 2, 3], 3),
        case("falls twice", &falls, 2997),
        case("ends early", &[0, 2, 3], 4),
        case("ends late", &[0, 2, 9], 4),
    ]
}
