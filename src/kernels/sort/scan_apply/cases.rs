//! The cases of `scan_apply`.

use super::Bindings;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::scan_reduce;

pub(crate) fn cases() -> Vec<Case> {
    scan_reduce::cases::both(&[0, 1], 8, |values, before| Bindings {
        sums: CaseBinding::ints(before),
        values: CaseBinding::ints(values),
    })
}
