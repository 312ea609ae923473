//! The cases of `quantize_rows`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8, stride};
use crate::kernel::{Case, CaseBinding, Shape};
use crate::kernels::feature::NONE;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(62);
    let mut all = Vec::new();
    for out_type in [TYPE_INT8, TYPE_INT4, TYPE_INT2, TYPE_F16, TYPE_BF16, TYPE_F32] {
        for (rows, dim) in [(1u32, 1u32), (6, 3), (67, 16), (9, 65), (5, 300), (4096, 64)] {
            let bench = rows == 4096;
            for (rows_type, greedy) in [(TYPE_F32, 0), (TYPE_F16, 0), (TYPE_F32, 1)]
                .into_iter()
                .filter(|&(from, _)| !bench || from == 0)
            {
                let width = stride(dim, rows_type) + 2;
                let (source_base, out_base) = (2, 3);
                let mut values = random.floats((source_base + rows * width) as usize);
                // rows of one value, of one outlier, of large and of tiny values
                for (row, values) in values[source_base as usize..].chunks_mut(width as usize).enumerate() {
                    match row % 6 {
                        1 => values.fill(0.75),
                        2 => values[0] = 100.0,
                        3 => values.iter_mut().for_each(|value| *value = *value * 1e-3 + 1000.0),
                        4 => values.iter_mut().for_each(|value| *value *= 1e-7),
                        _ => {}
                    }
                }
                let out_stride = words(dim, out_type);
                let params = Params {
                    rows,
                    dim,
                    source_base,
                    source_stride: width,
                    rows_type,
                    out_base,
                    out_stride,
                    out_type,
                    greedy,
                };
                for (variant, shape) in [Shape::Wide, Shape::Serial].into_iter().enumerate() {
                    let bindings = Bindings {
                        status: CaseBinding::ints(&[NONE]),
                        rows: CaseBinding::ints(&packed(&values, rows_type)),
                        out: CaseBinding::ints(&vec![7u32; (out_base + rows * out_stride + 2) as usize]),
                    };
                    let name = format!("{rows}x{dim} {rows_type} to {out_type} greedy={greedy} {shape:?}");
                    let case = Case::new(name, [variant], &params, bindings, groups(shape, rows));
                    let bytes = u64::from(rows) * (u64::from(dim) + u64::from(out_stride)) * 4;
                    all.push(if bench { case.bench(bytes, 0) } else { case });
                }
            }
        }
    }
    all
}

/// Words from row to row.
pub(crate) fn words(dim: u32, element: u32) -> u32 {
    match element {
        TYPE_F16 | TYPE_BF16 => stride(dim, element) / 2,
        _ => stride(dim, element),
    }
}
