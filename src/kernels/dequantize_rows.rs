//! The values of rows of any type.

use super::random::Random;
use super::types::{
    TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8, header_words, packed, stride,
};
use crate::cpu::row_codes;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        rows_type: u32,
        out_base: u32,
        out_stride: u32,
    }
}

/// The index of a variant.
pub(crate) fn variant(rows_type: u32) -> usize {
    usize::from(header_words(rows_type) > 0)
}

/// Threads for so many rows: one for every four columns.
pub(crate) fn threads(rows: u32, dim: u32) -> u32 {
    rows * dim.div_ceil(4)
}

macro_rules! variant {
    ($name:literal, $rows:literal) => {
        Variant {
            name: $name,
            shape: Shape::Any,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/types.wgsl",
                concat!("prelude/rows_", $rows, ".wgsl"),
                "dequantize_rows.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "dequantize_rows",
    about: "out[r][c] = scale * code + bias",
    bindings: &[read("rows"), write("out")],
    params: Params::LAYOUT,
    variants: &[variant!("floats", "any_scalar"), variant!("quantized", "quantized")],
    parity: Parity::Bits,
    twin: crate::cpu::dequantize_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
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
            let bindings = vec![CaseBinding::ints(&words), CaseBinding::floats(&out)];
            let name = format!("{rows}x{dim} gap={gap} type={rows_type}");
            let groups = threads(rows, dim).div_ceil(64);
            let case = Case::new(name, [variant(rows_type)], &params, bindings, groups);
            let bytes = words.len() as u64 * 4 + u64::from(rows * dim) * 4;
            all.push(if rows == 4096 { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
