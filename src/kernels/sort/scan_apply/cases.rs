//! The cases of `scan_apply`.

use crate::kernel::Case;
use crate::kernels::scan_reduce;

pub(crate) fn cases() -> Vec<Case> {
    scan_reduce::cases::both(true)
}
