//! The cases of `sum_slices`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

use crate::kernels::linear::{ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_SIGMOID};

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(31);
    let mut case = |m: u32, n: u32, slices: u32, gap: u32, biased: u32, activation: u32, accumulate: u32| {
        let (out_base, out_stride) = (gap, n + gap);
        let bias_base = gap;
        let params = Params { m, n, slices, out_base, out_stride, bias_base, biased, activation, accumulate };
        let bindings = Bindings {
            slices: CaseBinding::floats(&random.floats((m * n * slices) as usize)),
            bias: CaseBinding::floats(&random.floats((n + gap) as usize)),
            out: CaseBinding::floats(&random.floats((gap + m * (n + gap)) as usize)),
        };
        let name = format!(
            "{m}x{n} slices={slices} gap={gap} biased={biased} activation={activation} accumulate={accumulate}"
        );
        let groups = (m * n).div_ceil(KERNEL.variants[0].workgroup);
        let values = u64::from(m * n);
        Case::new(name, [0], &params, bindings, groups)
            .bench(values * 4 * u64::from(slices + 1), values * u64::from(slices))
    };
    vec![
        case(1, 1, 1, 0, 0, ACTIVATION_NONE, 0),
        case(5, 3, 2, 1, 0, ACTIVATION_NONE, 1),
        case(9, 70, 3, 2, 1, ACTIVATION_RELU, 0),
        case(33, 31, 4, 0, 1, ACTIVATION_SIGMOID, 1),
        case(7, 129, 2, 3, 0, ACTIVATION_RELU, 2),
        case(64, 65, 7, 0, 1, ACTIVATION_NONE, 2),
        case(512, 256, 8, 0, 0, ACTIVATION_NONE, 1),
    ]
}
