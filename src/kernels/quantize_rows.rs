//! Rows of codes from rows of floats.

use super::feature::NONE;
use super::random::Random;
use super::types::{TYPE_BF16, TYPE_F16, TYPE_F32, TYPE_INT2, TYPE_INT4, TYPE_INT8, packed, stride};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Rows to make, and their columns.
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        rows_type: u32,
        /// Word of the first row in the output, and words from row to row.
        out_base: u32,
        out_stride: u32,
        out_type: u32,
        /// 1: the range with the smallest loss is looked for.
        greedy: u32,
    }
}

const WORKGROUP: u32 = 64;
/// Threads of a row in the wide shape.
const LANES: u32 = 16;

/// The index of a variant.
pub(crate) fn variant(shape: Shape) -> usize {
    usize::from(shape != Shape::Wide)
}

/// Groups for so many rows.
pub(crate) fn groups(shape: Shape, rows: u32) -> u32 {
    rows.div_ceil(if shape == Shape::Wide { WORKGROUP / LANES } else { WORKGROUP })
}

/// The most iterations that a thread of a software adapter does for a row.
pub(crate) fn iterations(dim: u32, greedy: bool) -> u64 {
    // columns, the tree, and divisions
    let columns = u64::from(dim.div_ceil(4)) + 50;
    columns * if greedy { 43 } else { 4 }
}

macro_rules! variant {
    ($shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status_words.wgsl",
                "prelude/types.wgsl",
                "prelude/quantize_params.wgsl",
                "prelude/rows_any_scalar.wgsl",
                "prelude/divide.wgsl",
                "prelude/row_codes.wgsl",
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "quantize_rows",
    about: "rows of codes behind scale and bias, by the range of the values or the one with the smallest loss",
    bindings: &[read("status"), read("rows"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!(Wide, "wide", "quantize_rows.wgsl"),
        variant!(Serial, "serial", "quantize_rows.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::quantize_rows::run,
    cases,
};

fn cases() -> Vec<Case> {
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
                    let bindings = vec![
                        CaseBinding::ints(&[NONE]),
                        CaseBinding::ints(&packed(&values, rows_type)),
                        CaseBinding::ints(&vec![7u32; (out_base + rows * out_stride + 2) as usize]),
                    ];
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
