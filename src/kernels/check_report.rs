//! Says where the lowest wrong offset or id of a device batch belongs.

use super::feature::Status;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Examples.
        batch: u32,
        /// Bags.
        bags: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_report",
    about: "feature, example and value of the lowest wrong position",
    bindings: &[write("status"), read("offsets"), read("ids")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 1,
        constants: &[],
        sources: fragments!["prelude/workgroup.wgsl", "prelude/status.wgsl", "check_report.wgsl"],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::check_report::run,
    cases,
};

fn cases() -> Vec<Case> {
    let offsets = [0, 2, 2, 2, 5, 6, 6];
    let case = |name: &str, status: Status| {
        let bindings = vec![
            CaseBinding::ints(&[status]),
            CaseBinding::ints(&offsets),
            CaseBinding::ints(&[10, 11, 12, 13, 14, 15]),
        ];
        Case::new(name, [0], &Params { batch: 3, bags: 6 }, bindings, 1)
    };
    let id = |p| Status { bad_position: p, ..Status::CLEAN };
    let offset = |i| Status { bad_offset: i, ..Status::CLEAN };
    vec![
        case("clean", Status::CLEAN),
        case("first id", id(0)),
        case("behind empty bags", id(2)),
        case("last id", id(5)),
        case("first offset", offset(0)),
        case("an offset", offset(4)),
    ]
}
