//! The cases of `probe`.

use super::*;
use crate::kernel::{Case, CaseBinding};

// normal numbers only: what becomes of subnormals is what the probe asks
pub(crate) fn cases() -> Vec<Case> {
    let bindings = Bindings { values: CaseBinding::floats(&[3.0, 0.5, 4.0, 2.0]) };
    vec![Case::new("normal", [0], &Params { unused: 0 }, bindings, 1)]
}
