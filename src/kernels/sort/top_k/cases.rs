//! The cases of `top_k`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Values of all kinds, some of them equal, or all.
pub(crate) fn values(random: &mut Random, len: usize, equal: bool) -> Vec<f32> {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MIN_POSITIVE / 2.0];
    let mut values: Vec<f32> = (0..len)
        .map(|_| if equal { -0.25 } else { random.float() * [1.0, 1e-3, 8.0][random.below(3) as usize] })
        .collect();
    if !equal {
        // what differs in the last bits alone, and what does not differ
        values.iter_mut().step_by(3).for_each(|value| *value = (*value * 4.0).round() / 4.0);
        for (value, odd) in values.iter_mut().skip(11).step_by(37).zip(odd.into_iter().cycle()) {
            *value = odd;
        }
    }
    values
}

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(55);
    let mut all = Vec::new();
    for (rows, cols, part, k, gap, listed, equal) in [
        (1u32, 1u32, 1u32, 1u32, 0u32, 0u32, false),
        (3, 7, 7, 3, 2, 1, false),
        (2, 300, 300, 300, 0, 0, false),
        (5, 1000, 300, 10, 1, 0, false),
        (4, 700, 256, 100, 0, 1, true),
        (9, 513, 513, 1, 3, 0, true),
        (2, 5000, 5000, 1500, 0, 0, false),
        (256, 10_000, 10_000, 10, 0, 0, false),
    ] {
        let parts = cols.div_ceil(part);
        let stride = cols + gap;
        let out_stride = (parts - 1) * k + k.min(cols - (parts - 1) * part);
        let params = Params {
            rows,
            cols,
            part,
            parts,
            k,
            values_base: gap,
            values_stride: stride,
            listed,
            out_stride,
        };
        let values = values(&mut random, (gap + rows * stride) as usize, equal);
        let columns: Vec<u32> = (0..rows * cols).map(|i| i % cols * 3).collect();
        let found = (rows * out_stride) as usize;
        let bindings = Bindings {
            values: CaseBinding::floats(&values),
            columns: CaseBinding::ints(&columns),
            // they are moved, not computed
            out_values: CaseBinding::ints(&vec![7u32; found]),
            out_columns: CaseBinding::ints(&vec![7u32; found]),
        };
        let name = format!("{rows}x{cols} k={k} part={part} gap={gap} listed={listed} equal={equal}");
        let case = Case::new(name, [0], &params, bindings, rows * parts);
        all.push(if rows == 256 { case.bench(u64::from(rows * cols) * 4, 0) } else { case });
    }
    all
}
