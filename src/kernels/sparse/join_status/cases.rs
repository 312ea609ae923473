//! The cases of `join_status`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::Status;
use crate::kernels::jagged_inputs::status;

pub(crate) fn cases() -> Vec<Case> {
    let case = |name, refused, joined: Status| {
        let bindings = Bindings { status: status(refused), joined: CaseBinding::ints(&[joined]) };
        Case::new(name, [0], &Params { unused: 0 }, bindings, 1)
    };
    vec![
        case("clean", false, Status::CLEAN),
        case("refused", true, Status::CLEAN),
        case("refused before", false, Status { bad_position: 0, ..Status::CLEAN }),
    ]
}
