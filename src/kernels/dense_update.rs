//! Optimizers of dense parameters.

use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Elements over four.
        quads: u32,
        /// Learning rate; with a bias correction, divided by it.
        lr: f32,
        /// Added to the root of the state.
        eps: f32,
        /// L2 penalty on the gradient.
        l2: f32,
        /// One minus learning rate times decoupled weight decay.
        keep: f32,
        beta2: f32,
        one_minus_beta1: f32,
        one_minus_beta2: f32,
        /// Square root of the second moment's bias correction.
        root_correction: f32,
    }
}

macro_rules! variant {
    ($optimizer:literal) => {
        Variant {
            name: $optimizer,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("dense_optimizer/", $optimizer, ".wgsl"),
                "dense_update.wgsl"
            ],
        }
    };
}

/// Optimizers in the order of the variants, with the values of state for an element.
pub(crate) const OPTIMIZERS: [(&str, usize); 3] = [("sgd", 0), ("adagrad", 1), ("adam", 2)];

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dense_update",
    about: "one step of an optimizer over a whole parameter",
    bindings: &[read("grad"), write("weights"), write("state")],
    params: Params::LAYOUT,
    variants: &[variant!("sgd"), variant!("adagrad"), variant!("adam")],
    parity: Parity::Bits,
    twin: crate::cpu::dense_update::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (index, (optimizer, state)) in OPTIMIZERS.into_iter().enumerate() {
        for (quads, l2, keep) in [(1, 0.0, 1.0), (77, 0.05, 1.0), (100, 0.0, 0.99), (65_536, 0.0, 1.0)] {
            let mut random = Random::new(37);
            let params = Params {
                quads,
                lr: 0.1,
                eps: 1e-3,
                l2,
                keep,
                beta2: 0.99,
                one_minus_beta1: 0.1,
                one_minus_beta2: 0.01,
                root_correction: 0.5,
            };
            let len = quads as usize * 4;
            // squares are never negative
            let before: Vec<f32> = random.floats((len * state).max(4)).iter().map(|v| v.abs()).collect();
            let bindings = vec![
                CaseBinding::floats(&random.floats(len)),
                CaseBinding::floats(&random.floats(len)),
                CaseBinding::floats(&before),
            ];
            let name = format!("{optimizer} n={len} l2={l2} keep={keep}");
            let case = Case::new(name, [index], &params, bindings, quads.div_ceil(64));
            let (values, state) = (len as u64, state as u64);
            all.push(if quads > 1000 {
                case.bench(values * 4 * (3 + 2 * state), values * (3 + 5 * state))
            } else {
                case
            });
        }
    }
    all
}
