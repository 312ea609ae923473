//! Where the gradients of rows of differing dimensions lie.

use super::jagged_inputs::{offsets, unwritten, values};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Positions.
        len: u32,
        /// The first of them, and where the terms begin.
        first: u32,
        out_first: u32,
        /// One of the constants below.
        place: u32,
        /// Bags, and the first of them.
        bags: u32,
        first_bag: u32,
        /// 1: divided by the bag's number of ids.
        mean: u32,
        /// Where the matrix begins, and elements from row to row.
        base: u32,
        stride: u32,
    }
}

/// One after the other, from their offsets on.
pub(crate) const BY_OFFSET: u32 = 0;
/// A row of a matrix for each position.
pub(crate) const BY_ROW: u32 = 1;
/// A row of a matrix for each bag.
pub(crate) const BY_BAG: u32 = 2;

pub(crate) static KERNEL: Kernel = Kernel {
    name: "variable_terms",
    about: "where the gradient of each position begins, and its factor",
    bindings: &[read("begins"), write("terms")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 256,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/find_segment.wgsl", "variable_terms.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::variable_terms::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (bags, longest) in [(1, 1), (50, 9), (20_000, 20)] {
        let begins = offsets(bags, longest, 13);
        for (place, mean) in [(BY_OFFSET, 0), (BY_ROW, 0), (BY_BAG, 0), (BY_BAG, 1)] {
            let mut params = Params {
                len: if place == BY_OFFSET { bags } else { values(&begins) },
                first: 0,
                out_first: 2,
                place,
                bags,
                first_bag: 0,
                mean,
                base: 3,
                stride: 7,
            };
            if place == BY_BAG {
                // bags in the middle
                (params.first_bag, params.bags) = (bags / 3, bags - bags / 3);
                params.first = begins[params.first_bag as usize];
                params.len -= params.first;
            }
            let len = params.len;
            let bindings = vec![CaseBinding::ints(&begins), unwritten(4 + 2 * len)];
            let name = format!("{bags} bags place={place} mean={mean}");
            let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
            all.push(if bags == 20_000 && place == BY_BAG {
                case.bench(u64::from(len) * 8, 0)
            } else {
                case
            });
        }
    }
    all
}
