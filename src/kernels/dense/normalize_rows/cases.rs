//! The cases of `normalize_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Rows, columns, and elements before each matrix and between its rows.
pub(crate) const SHAPES: [(u32, u32, u32); 7] =
    [(1, 1, 0), (3, 5, 2), (5, 4, 4), (65, 64, 0), (9, 130, 1), (6, 260, 4), (2048, 64, 0)];

/// Rows as they come, of zeros, longer than the square root of the largest float, and too short to count.
pub(crate) fn rows(random: &mut Random, (rows, cols, gap): (u32, u32, u32)) -> Vec<f32> {
    let stride = (cols + gap) as usize;
    let mut values = random.floats(gap as usize + rows as usize * stride);
    for (row, values) in values[gap as usize..].chunks_mut(stride).enumerate() {
        let times = [1.0, 0.0, 3e25, 1e-14, 1.0][row % 5];
        values.iter_mut().for_each(|value| *value *= times);
    }
    values
}

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(52);
    let mut all = Vec::new();
    for (count, cols, gap) in SHAPES {
        let input = rows(&mut random, (count, cols, gap));
        let params = Params {
            rows: count,
            cols,
            input_base: gap,
            input_stride: cols + gap,
            out_base: gap,
            out_stride: cols + gap,
            eps: 1e-12,
        };
        let vec4 = cols.is_multiple_of(4) && gap.is_multiple_of(4);
        let variants = Width::ALL.into_iter().filter(|&width| vec4 || width == Width::Scalar);
        let bindings = Bindings {
            input: CaseBinding::floats(&input),
            out: CaseBinding::floats(&random.floats(input.len())),
        };
        let name = format!("{count}x{cols} gap={gap}");
        let case = Case::new(name, variants.map(Width::variant), &params, bindings, groups(count));
        let values = u64::from(count * cols);
        all.push(if count == 2048 { case.bench(values * 8, values * 3) } else { case });
    }
    all
}
