//! The cases of `quantize_activations`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(63);
    let mut all = Vec::new();
    for (rows, cols, gap, scale, zero_point) in [
        (1u32, 1u32, 0, 0.01f32, 3u32),
        (5, 3, 1, 0.5, 0),
        (17, 64, 4, 0.008, 125),
        (9, 70, 2, 0.003, 255),
        (2, 4, 0, f32::NAN, 0),
        (512, 1024, 0, 0.008, 128),
    ] {
        let mut x = random.floats((gap + rows * (cols + gap)).next_multiple_of(4) as usize);
        // ties, what lies beyond the codes, and what is no number
        let special = [0.5, -0.5, 1.5, 400.0, -400.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN];
        for (value, special) in x[gap as usize..].iter_mut().zip(special) {
            *value = special * scale;
        }
        let words = cols.div_ceil(16) * 4;
        let params = Params { rows, cols, input_base: gap, input_stride: cols + gap, codes_base: gap, words };
        let case = Case::new(
            format!("{rows}x{cols} gap={gap} scale={scale}"),
            usize::from(cols % 4 + gap % 4 > 0)..2,
            &params,
            Bindings {
                input: CaseBinding::floats(&x),
                quant: CaseBinding::ints(&[scale.to_bits(), zero_point]),
                codes: CaseBinding::ints(&vec![1u32; (gap + rows * words) as usize]),
            },
            (rows * words).div_ceil(64),
        );
        let values = u64::from(rows * cols);
        all.push(if rows == 512 { case.bench(values * 5, values) } else { case });
    }
    all
}
