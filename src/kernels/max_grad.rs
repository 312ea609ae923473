//! The gradient of maxima, position by position.

use super::bag_inputs::BagInputs;
use super::feature::Status;
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        first_bag: u32,
        bags: u32,
        /// Positions times columns.
        values: u32,
        dim: u32,
        /// Where the gradient begins, and from row to row.
        grad_base: u32,
        grad_stride: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "max_grad",
    about: "out[p][c] = the bag's gradient if position p was the largest in column c, else 0",
    bindings: &[read("status"), read("offsets"), read("places"), read("grad"), write("out")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments!["prelude/grid.wgsl", "prelude/status.wgsl", "max_grad.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::max_grad::run,
    cases,
};

fn cases() -> Vec<Case> {
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
        let bindings = vec![
            CaseBinding::ints(&[Status::CLEAN]),
            CaseBinding::ints(&inputs.offsets),
            CaseBinding::ints(&places),
            CaseBinding::floats(&random.floats((grad_base + batch * grad_stride) as usize)),
            CaseBinding::poisoned((count * dim).max(4) as usize),
        ];
        let name = format!("B={batch} L<={longest} D={dims:?}");
        let case = Case::new(name, [0], &params, bindings, (count * dim).div_ceil(64).max(1));
        all.push(if batch == 2048 { case.bench(u64::from(count * dim) * 8, 0) } else { case });
    }
    all
}
