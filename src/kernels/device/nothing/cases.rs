//! The cases of `nothing`.

use super::*;
use crate::kernel::{Case, CaseBinding};

pub(crate) fn cases() -> Vec<Case> {
    let case = |(name, written)| {
        let out = CaseBinding::ints(&[7u32; 64]);
        Case::new(name, [0], &Params { written }, Bindings { out }, 1)
    };
    vec![case(("nothing", 0)), case(("ones", 5))]
}
