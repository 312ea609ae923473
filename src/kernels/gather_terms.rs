//! Terms in the order of the sorted keys.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Terms.
        len: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "gather_terms",
    about: "sorted[i] = terms[positions[i]]",
    bindings: &[read("positions"), read("terms"), write("sorted")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "gather_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::gather_terms::run,
    cases: || {
        [1u32, 257, 500_000]
            .map(|len| {
                let mut random = Random::new(5);
                let positions: Vec<u32> = (0..len).map(|_| random.below(len)).collect();
                let terms: Vec<[u32; 2]> = (0..len).map(|i| [i, i * 3]).collect();
                let bindings = vec![
                    CaseBinding::ints(&positions),
                    CaseBinding::ints(&terms),
                    CaseBinding::ints(&vec![[5u32; 2]; len as usize]),
                ];
                let case = Case::new(format!("n={len}"), [0], &Params { len }, bindings, len.div_ceil(256));
                case.bench(u64::from(len) * 20, 0)
            })
            .to_vec()
    },
};
