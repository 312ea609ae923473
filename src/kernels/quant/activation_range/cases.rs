//! The cases of `activation_range`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(61);
    let mut all = Vec::new();
    for (rows, cols, gap, group_rows, special) in [
        (1u32, 1u32, 0, 1, f32::NAN),
        (5, 3, 1, 2, f32::NEG_INFINITY),
        (17, 64, 4, 4, -f32::NAN),
        (9, 70, 2, 4, f32::INFINITY),
        (300, 130, 0, 3, -7.0),
        (512, 1024, 0, group_rows(512, 1024), 7.0),
    ] {
        let mut x = random.floats((gap + rows * (cols + gap)).next_multiple_of(4) as usize);
        let groups = rows.div_ceil(group_rows);
        x[(gap + rows / 2 * (cols + gap) + cols / 2) as usize] = special;
        let params = Params { rows, cols, input_base: gap, input_stride: cols + gap, group_rows, first: gap };
        let case = Case::new(
            format!("{rows}x{cols} gap={gap} special={special}"),
            usize::from(cols % 4 + gap % 4 > 0)..2,
            &params,
            Bindings {
                input: CaseBinding::floats(&x),
                keys: CaseBinding::ints(&vec![1u32; ((gap + groups) * 2) as usize]),
            },
            groups,
        );
        let values = u64::from(rows * cols);
        all.push(if rows == 512 { case.bench(values * 4, values) } else { case });
    }
    all
}
