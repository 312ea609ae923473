//! The digit of a radix selection.

use super::random::Random;
use super::select_count::DIGITS;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, write};

params! {
    /// Uniform parameters.
    Params {
        /// The lowest bit of the digit.
        shift: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "select_digit",
    about: "the digit of the key of a rank, from the counts of all digits",
    bindings: &[write("counts"), write("found")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 32,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "select_digit.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::select_digit::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut random = Random::new(97);
    let counts: Vec<u32> = (0..DIGITS).map(|_| random.below(5) * random.below(100)).collect();
    let total: u32 = counts.iter().sum();
    let case = |rank: u32, shift: u32| {
        let found = [(0xabcd_ef01u32 << shift) << 8, rank];
        let bindings = vec![CaseBinding::ints(&counts), CaseBinding::ints(&found)];
        Case::new(format!("rank={rank} shift={shift}"), [0], &Params { shift }, bindings, 1)
    };
    vec![case(0, 16), case(total / 2, 8), case(total - 1, 0)]
}
