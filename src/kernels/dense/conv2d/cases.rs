//! The cases of `conv2d`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Examples, channels of the input, of the output, rows, columns, gap.
const SHAPES: [(u32, u32, u32, u32, u32, u32); 8] = [
    (1, 1, 1, 1, 1, 0),
    (2, 1, 3, 3, 4, 4),
    (3, 2, 1, 2, 5, 1),
    (2, 1, 2, 5, 8, 3),
    (5, 3, 1, 4, 16, 0),
    (3, 2, 3, 3, 2, 0),
    (2, 4, 1, 27, 64, 8),
    (512, 1, 4, 27, 64, 0),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(70);
    let mut all = Vec::new();
    for (examples, channels, outputs, rows, cols, gap) in SHAPES {
        for (turned, biased, accumulate) in [(0, 1, 0), (1, 0, 1)] {
            let size = rows * cols;
            // of a layer of the other direction where they are turned
            let (taps_input, taps_output) = if turned == 1 { (12, 11) } else { (10, 10 * channels + 2) };
            let params = Params {
                examples,
                channels,
                outputs,
                rows,
                cols,
                input_base: gap,
                input_example: channels * size + gap,
                out_base: gap,
                out_example: outputs * size + gap,
                taps_base: 1,
                taps_input,
                taps_output,
                turned,
                biased,
                accumulate,
            };
            let taps = 1 + outputs * taps_output + channels * taps_input;
            let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
            let bindings = Bindings {
                input: floats(gap + examples * params.input_example),
                taps: floats(taps),
                out: floats(gap + examples * params.out_example),
            };
            let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
            let fitting = Width::ALL.into_iter().filter(|&of| vec4 || of == Width::Scalar);
            let groups = threads(&params).div_ceil(64);
            let name = format!(
                "{examples}x{channels}x{rows}x{cols} to {outputs} gap={gap} turned={turned} accumulate={accumulate}"
            );
            let case = Case::new(name, fitting.map(Width::variant), &params, bindings, groups);
            let values = u64::from(examples * size);
            let bench = examples == 512 && turned == 0;
            all.push(if bench {
                case.bench(
                    values * 4 * u64::from(channels + outputs),
                    values * u64::from(18 * outputs * channels),
                )
            } else {
                case
            });
        }
    }
    all
}
