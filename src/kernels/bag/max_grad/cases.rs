//! The cases of `max_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::bag_inputs::BagInputs;
use crate::kernels::feature::Status;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, longest, dims) in [(1, 1, &[4][..]), (40, 7, &[8, 3, 65]), (2048, 20, &[64])] {
        let inputs = BagInputs::new(dims, batch, longest, 8);
        let mut random = Random::new(4);
        let (last, dim) = (dims.len() - 1, dims[dims.len() - 1]);
        let first_bag = inputs.features[last].index * batch;
        let (first, count) = (inputs.offsets[first_bag as usize], inputs.count(last));
        let places: Vec<u32> = (0..batch * dim).map(|_| first + random.below(count.max(1))).collect();
        let (grad_base, grad_stride) = (3, dim + 2);
        let params = Params { first_bag, bags: batch, values: count * dim, dim, grad_base, grad_stride };
        let bindings = Bindings {
            status: CaseBinding::ints(&[Status::CLEAN]),
            offsets: CaseBinding::ints(&inputs.offsets),
            places: CaseBinding::ints(&places),
            grad: CaseBinding::floats(&random.floats((grad_base + batch * grad_stride) as usize)),
            out: CaseBinding::poisoned((count * dim).max(4) as usize),
        };
        let name = format!("B={batch} L<={longest} D={dims:?}");
        let case = Case::new(name, [0], &params, bindings, (count * dim).div_ceil(64).max(1));
        all.push(if batch == 2048 { case.bench(u64::from(count * dim) * 8, 0) } else { case });
    }
    all
}
