//! The cases of `check_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::{NONE, Status};
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let case = |name: &str, rows: &[u32]| {
        let len = narrow(rows.len());
        let bindings = Bindings {
            status: CaseBinding::ints(&[Status::CLEAN]),
            rows: CaseBinding::ints(rows),
            total: CaseBinding::ints(&[0u32]),
        };
        let params = Params { len, table_rows: 200_000 };
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(256));
        if name == "large" { case.bench(u64::from(len) * 4, 0) } else { case }
    };
    let good: Vec<u32> = (0..100_000).map(|i| i * 2).collect();
    let (mut falls, mut short) = (good[..700].to_vec(), good[..700].to_vec());
    (falls[600], falls[300]) = (7, 1_000_000);
    short[321..].fill(NONE);
    vec![
        case("one", &[0]),
        case("none", &[NONE; 300]),
        case("fewer than there is room for", &short),
        case("falls twice", &falls),
        case("equal", &[1, 2, 2, 3]),
        case("beyond the table", &[1, 2, 200_000]),
        case("large", &good),
    ]
}
