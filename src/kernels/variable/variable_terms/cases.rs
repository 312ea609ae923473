//! The cases of `variable_terms`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, unwritten, values};

pub(crate) fn cases() -> Vec<Case> {
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
            let bindings = Bindings { begins: CaseBinding::ints(&begins), terms: unwritten(4 + 2 * len) };
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
