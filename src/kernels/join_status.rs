//! One status for several.

use super::feature::Status;
use super::jagged_inputs::status;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Always 0.
        unused: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "join_status",
    about: "refused if one of several is",
    bindings: &[read("status"), write("joined")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/status.wgsl", "join_status.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::join_status::run,
    cases,
};

fn cases() -> Vec<Case> {
    let case = |name, refused, joined: Status| {
        let bindings = vec![status(refused), CaseBinding::ints(&[joined])];
        Case::new(name, [0], &Params { unused: 0 }, bindings, 1)
    };
    vec![
        case("clean", false, Status::CLEAN),
        case("refused", true, Status::CLEAN),
        case("refused before", false, Status { bad_position: 0, ..Status::CLEAN }),
    ]
}
