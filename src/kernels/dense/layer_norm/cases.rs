//! The cases of `layer_norm`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Examples, tokens, values of a token, gap, parts.
pub(crate) const SHAPES: [(u32, u32, u32, u32, u32); 8] = [
    (1, 1, 1, 0, 1),
    (3, 2, 3, 1, 2),
    (5, 4, 8, 4, 0),
    (7, 3, 16, 0, 3),
    (4, 5, 17, 3, 1),
    (2, 3, 130, 0, 2),
    (3, 2, 200, 4, 2),
    (2048, 27, 64, 0, 2),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(62);
    let mut all = Vec::new();
    for (examples, tokens, cols, gap, parts) in SHAPES {
        for weighted in [0, 1] {
            let width = tokens * cols;
            let params = Params {
                rows: examples * tokens,
                cols,
                tokens,
                parts,
                part_step: width + gap,
                parts_base: gap,
                parts_stride: (width + gap) * parts.max(1),
                shortcut_base: gap,
                shortcut_stride: width + gap,
                out_base: gap,
                out_stride: width + gap,
                normal_base: gap,
                deviation_base: gap,
                affine_base: gap,
                affine_stride: cols + gap,
                weighted,
                weights_base: gap,
                eps: 1e-5,
            };
            let of = |stride: u32| (gap + examples * stride) as usize;
            let affine = (gap + 2 * params.affine_stride) as usize;
            let bindings = Bindings {
                parts: CaseBinding::floats(&random.floats(of(params.parts_stride))),
                weights: CaseBinding::floats(&random.floats((gap + parts.max(1)) as usize)),
                shortcut: CaseBinding::floats(&random.floats(of(params.shortcut_stride))),
                affine: CaseBinding::floats(&random.floats(affine)),
                out: CaseBinding::floats(&random.floats(of(params.out_stride))),
                normal: CaseBinding::floats(&random.floats((gap + examples * width) as usize)),
                deviation: CaseBinding::floats(&random.floats((gap + examples * tokens) as usize)),
            };
            let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
            let fitting = Width::ALL.into_iter().filter(|&of| vec4 || of == Width::Scalar);
            let case = Case::new(
                format!("{examples}x{tokens}x{cols} gap={gap} parts={parts} weighted={weighted}"),
                fitting.map(Width::variant),
                &params,
                bindings,
                groups(params.rows),
            );
            let values = u64::from(examples * width);
            all.push(if examples == 2048 {
                case.bench(4 * values * u64::from(parts + 3), 10 * values)
            } else {
                case
            });
        }
    }
    all
}
