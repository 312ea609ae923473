//! The cases of `unique_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::segment_heads::cases::sorted_keys;
use crate::kernels::segment_heads::{self};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, len, each, [key_begin, key_end], refused) in segment_heads::cases::CASES {
        let keys = sorted_keys(len, each, 61);
        let mut places = vec![0];
        let mut rows = 0;
        for (i, &key) in keys.iter().enumerate() {
            let head = (key_begin..key_end).contains(&key) && (i == 0 || keys[i - 1] != key);
            rows += u32::from(head && !refused);
            places.push(rows);
        }
        let room = if name == "a range" { rows + 7 } else { len };
        let bindings = Bindings {
            keys: CaseBinding::ints(&keys),
            places: CaseBinding::ints(&places),
            rows: unwritten(room),
            begins: unwritten(room + 1),
            total: unwritten(1),
        };
        let params = Params { len, key_begin, key_end, rows: room };
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        all.push(if name == "large" { case.bench(u64::from(len + rows) * 8, 0) } else { case });
    }
    all
}
