//! The cases of `directory_age`.

use super::*;
use crate::kernel::{Case, CaseBinding};

pub(crate) fn cases() -> Vec<Case> {
    let case = |len: u32| {
        let counters: Vec<u32> =
            (0..len + 3).map(|i| if i % 7 == 3 { u32::MAX - i % 3 } else { i % 9 }).collect();
        let bindings = Bindings { counters: CaseBinding::ints(&counters) };
        Case::new(format!("{len}"), [0], &Params { len }, bindings, len.div_ceil(256))
    };
    vec![case(1), case(300), case(1 << 20).bench(8 << 20, 0)]
}
