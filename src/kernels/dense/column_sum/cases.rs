//! The cases of `column_sum`.

use super::*;
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(33);
    let mut all = Vec::new();
    for (rows, cols, gap, accumulate) in
        [(1, 1, 0, 0), (5, 3, 1, 1), (16, 4, 4, 0), (17, 64, 0, 1), (100, 129, 3, 0), (2048, 512, 0, 0)]
    {
        let x = random.floats((gap + rows * (cols + gap)) as usize);
        let out = random.floats((cols + gap) as usize);
        let params =
            Params { rows, cols, input_base: gap, input_stride: cols + gap, out_base: gap, accumulate };
        for shape in [Shape::Wide, Shape::Serial] {
            let vec4 = cols % 4 == 0 && gap % 4 == 0;
            let variants =
                [true, false].into_iter().filter(|&wide| vec4 || !wide).map(|vec4| variant(vec4, shape));
            let case = Case::new(
                format!("{rows}x{cols} gap={gap} accumulate={accumulate} {shape:?}"),
                variants,
                &params,
                Bindings { input: CaseBinding::floats(&x), out: CaseBinding::floats(&out) },
                groups(shape, cols),
            );
            let values = u64::from(rows * cols);
            all.push(if rows == 2048 { case.bench(values * 4, values) } else { case });
        }
    }
    all
}
