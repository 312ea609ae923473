//! The cases of `probe`.

use super::*;
use crate::kernel::{Case, CaseBinding};

// normal numbers only: what becomes of subnormals is what the probe asks
pub(crate) fn cases() -> Vec<Case> {
    vec![Case::new("normal", [0], &Params { unused: 0 }, vec![CaseBinding::floats(&[3.0, 0.5, 4.0, 2.0])], 1)]
}
