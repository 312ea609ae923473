//! The cases of `conv2d_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Examples, channels, rows, columns, gap, examples of a slice.
const SHAPES: [(u32, u32, u32, u32, u32, u32); 7] = [
    (1, 1, 1, 1, 0, 1),
    (3, 2, 3, 4, 4, 2),
    (4, 3, 2, 5, 1, 4),
    (5, 2, 4, 8, 3, 2),
    (9, 1, 5, 2, 0, 3),
    (3, 3, 27, 64, 8, 1),
    (512, 4, 27, 64, 0, 32),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(71);
    let mut all = Vec::new();
    for (examples, channels, rows, cols, gap, together) in SHAPES {
        let size = rows * cols;
        let params = Params {
            examples,
            channels,
            rows,
            cols,
            input_base: gap,
            input_example: size + gap,
            grad_base: gap,
            grad_example: channels * size + gap,
            together,
        };
        let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
        let bindings = Bindings {
            input: floats(gap + examples * params.input_example),
            grad: floats(gap + examples * params.grad_example),
            out: floats(slices(&params) * channels * VALUES),
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let fitting = Width::ALL.into_iter().filter(|&of| vec4 || of == Width::Scalar);
        let name = format!("{examples}x{channels}x{rows}x{cols} gap={gap} together={together}");
        let groups = slices(&params) * channels;
        let case = Case::new(name, fitting.map(Width::variant), &params, bindings, groups);
        let values = u64::from(examples * channels * size);
        all.push(if examples == 512 { case.bench(values * 4 + values, values * 19) } else { case });
    }
    all
}
