//! The cases of `top_k_order`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::top_k::cases::values;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(56);
    let mut all = Vec::new();
    for (rows, k, gap) in [(1u32, 1u32, 0u32), (3, 100, 1), (70, 5, 3), (2, 700, 0), (512, 100, 0)] {
        let stride = k + gap;
        let params = Params { rows, k, values_base: gap, values_stride: stride, columns_base: gap };
        let found = values(&mut random, (rows * k) as usize, false);
        let columns: Vec<u32> = (0..rows * k).map(|i| i % k * 5).collect();
        let bindings = Bindings {
            found_values: CaseBinding::floats(&found),
            found_columns: CaseBinding::ints(&columns),
            // they are moved, not computed
            values: CaseBinding::ints(&random.floats((gap + rows * stride) as usize)),
            columns: CaseBinding::ints(&vec![7u32; columns.len() + gap as usize]),
        };
        let case =
            Case::new(format!("{rows}x{k} gap={gap}"), [0], &params, bindings, (rows * k).div_ceil(64));
        all.push(if rows == 512 { case.bench(u64::from(rows * k) * 16, 0) } else { case });
    }
    all
}
