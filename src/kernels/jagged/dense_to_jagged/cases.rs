//! The cases of `dense_to_jagged`.

use super::Bindings;
use crate::kernel::Case;
use crate::kernels::jagged_to_dense;

pub(crate) fn cases() -> Vec<Case> {
    jagged_to_dense::cases::both(false, |[status, begins, dense, values]| Bindings {
        status,
        begins,
        dense,
        values,
    })
}
