//! The cases of `dequantize_rows`.

use super::*;
use crate::cpu::row_codes;
use crate::cpu::types::packed;
use crate::kernel::elements::{
    TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8, header_words, stride,
};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(63);
    let mut all = Vec::new();
    for rows_type in [TYPE_INT8, TYPE_INT4, TYPE_INT2, TYPE_F16, TYPE_BF16, TYPE_F32] {
        for (rows, dim, gap) in [(1u32, 1u32, 0u32), (6, 3, 1), (67, 16, 0), (9, 65, 3), (4096, 64, 0)] {
            let width = stride(dim, rows_type);
            let words = match header_words(rows_type) {
                0 => packed(&random.floats(((rows + 1) * width) as usize), rows_type),
                _ => row_codes::pack(
                    &random.floats(((rows + 1) * dim) as usize),
                    dim as usize,
                    rows_type,
                    false,
                ),
            };
            let params = Params {
                rows,
                dim,
                source_base: width,
                source_stride: width,
                rows_type,
                out_base: gap,
                out_stride: dim + gap,
            };
            let out = random.floats((gap + rows * (dim + gap)) as usize);
            let bindings = Bindings { rows: CaseBinding::ints(&words), out: CaseBinding::floats(&out) };
            let name = format!("{rows}x{dim} gap={gap} type={rows_type}");
            let groups = threads(rows, dim).div_ceil(64);
            let case = Case::new(name, [variant(rows_type)], &params, bindings, groups);
            let bytes = words.len() as u64 * 4 + u64::from(rows * dim) * 4;
            all.push(if rows == 4096 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
