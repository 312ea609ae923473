//! The cases of `scatter_add`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (len, places, first) in [(1u32, 1u32, 0u32), (5, 300, 7), (65, 70, 0), (10_000, 1 << 20, 1024)] {
        let mut random = Random::new(u64::from(len));
        // all different, the last beyond the end
        let indices: Vec<u32> =
            (0..len).map(|i| (i + 1) * (places / len) - 1 + u32::from(i + 1 == len && len > 1)).collect();
        let entry = first % 5;
        let params = Params { len, entry, first, places };
        let bindings = Bindings {
            indices: CaseBinding::ints(&[vec![0; entry as usize], indices].concat()),
            values: CaseBinding::floats(&random.floats((entry + len) as usize)),
            out: CaseBinding::floats(&random.floats((first + places) as usize)),
        };
        let name = format!("n={len} places={places}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(64));
        all.push(if len == 10_000 { case.bench(u64::from(len) * 16, u64::from(len)) } else { case });
    }
    all
}
