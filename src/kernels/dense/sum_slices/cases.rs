//! The cases of `sum_slices`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(31);
    let mut case = |m: u32, n: u32, slices: u32, gap: u32, accumulate: u32| {
        let params = Params { m, n, slices, out_base: gap, out_stride: n + gap, accumulate };
        let bindings = Bindings {
            slices: CaseBinding::floats(&random.floats((m * n * slices) as usize)),
            out: CaseBinding::floats(&random.floats((gap + m * (n + gap)) as usize)),
        };
        let name = format!("{m}x{n} slices={slices} gap={gap} accumulate={accumulate}");
        let groups = (m * n).div_ceil(KERNEL.variants[0].workgroup);
        let values = u64::from(m * n);
        Case::new(name, [0], &params, bindings, groups)
            .bench(values * 4 * u64::from(slices + 1), values * u64::from(slices))
    };
    vec![case(1, 1, 1, 0, 0), case(5, 3, 2, 1, 1), case(64, 65, 7, 0, 0), case(512, 256, 8, 0, 1)]
}
