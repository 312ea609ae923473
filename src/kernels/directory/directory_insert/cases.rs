//! The cases of `directory_insert`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::directory_admit::cases::apart;
use crate::kernels::directory_find::cases::filled;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, buckets) in [(1u32, 2u32), (300, 1009), (60_000, 1_000_003)] {
        let mut ids = apart(len, buckets);
        // free rows
        ids.iter_mut().skip(1).step_by(5).for_each(|id| *id = 0);
        let bindings =
            Bindings { row_ids: CaseBinding::ints(&ids), places: CaseBinding::ints(&filled(&[], buckets)) };
        let case =
            Case::new(format!("{len} rows"), [0], &Params { len, buckets }, bindings, len.div_ceil(256));
        all.push(if len == 60_000 { case.bench(u64::from(len) * 24, 0) } else { case });
    }
    all
}
