//! The cases of `layer_norm_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::layer_norm::cases::SHAPES;
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(63);
    let mut all = Vec::new();
    for (examples, tokens, cols, gap, parts) in SHAPES {
        let passes = parts % 2;
        let width = tokens * cols;
        let together = if cols == 130 { 2 } else { TOGETHER };
        let params = Params {
            rows: examples * tokens,
            cols,
            tokens,
            grad_base: gap,
            grad_stride: width + gap,
            out_base: gap,
            out_stride: width + gap,
            through_base: gap,
            through_stride: width + 2 * gap,
            affine_base: gap,
            normal_base: gap,
            deviation_base: gap,
            slices_base: gap,
            together,
            slices: (examples * tokens).div_ceil(together).next_multiple_of(4),
            passes,
        };
        let of = |stride: u32| (gap + examples * stride) as usize;
        let deviation: Vec<f32> =
            random.floats((gap + examples * tokens) as usize).iter().map(|value| value.abs() + 0.1).collect();
        let bindings = Bindings {
            grad: CaseBinding::floats(&random.floats(of(params.grad_stride))),
            normal: CaseBinding::floats(&random.floats((gap + examples * width) as usize)),
            deviation: CaseBinding::floats(&deviation),
            affine: CaseBinding::floats(&random.floats((gap + cols) as usize)),
            out: CaseBinding::floats(&random.floats(of(params.out_stride))),
            slices: CaseBinding::floats(&random.floats((gap + params.slices * 2 * cols) as usize)),
            through: CaseBinding::floats(&random.floats(of(params.through_stride))),
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let fitting = Width::ALL.into_iter().filter(|&of| vec4 || of == Width::Scalar);
        let case = Case::new(
            format!("{examples}x{tokens}x{cols} gap={gap} passes={passes}"),
            fitting.map(Width::variant),
            &params,
            bindings,
            groups(params.slices),
        );
        let values = u64::from(examples * width);
        all.push(if examples == 2048 {
            case.bench(4 * values * u64::from(3 + passes) + values, 12 * values)
        } else {
            case
        });
    }
    all
}
