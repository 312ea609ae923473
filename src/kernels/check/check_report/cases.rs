//! The cases of `check_report`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::Status;

pub(crate) fn cases() -> Vec<Case> {
    let offsets = [0, 2, 2, 2, 5, 6, 6];
    let case = |name: &str, status: Status| {
        let bindings = Bindings {
            status: CaseBinding::ints(&[status]),
            offsets: CaseBinding::ints(&offsets),
            ids: CaseBinding::ints(&[10, 11, 12, 13, 14, 15]),
        };
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
