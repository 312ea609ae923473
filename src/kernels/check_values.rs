//! Checks that values can be kept in a type.

use super::random::Random;
use super::types::{TYPE_F16, TYPE_F32, packed, stride};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        rows: u32,
        dim: u32,
        /// Element of the first row in the source, and elements from row to row.
        source_base: u32,
        source_stride: u32,
        /// Type of the elements.
        rows_type: u32,
        /// What the first row is called.
        first_row: u32,
        /// Bits of the largest size.
        limit: u32,
    }
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "check_values",
    about: "the lowest row with a value that is no number or larger than a limit",
    bindings: &[write("status"), read("rows")],
    params: Params::LAYOUT,
    variants: &[Variant {
        name: "any",
        shape: Shape::Any,
        workgroup: 64,
        constants: &[],
        sources: fragments![
            "prelude/grid.wgsl",
            "prelude/types.wgsl",
            "prelude/rows_any_scalar.wgsl",
            "check_values.wgsl"
        ],
    }],
    parity: Parity::Bits,
    twin: crate::cpu::check_values::run,
    cases,
};

/// Threads for so many rows: one for every four columns.
pub(crate) fn threads(rows: u32, dim: u32) -> u32 {
    rows * dim.div_ceil(4)
}

fn cases() -> Vec<Case> {
    let mut random = Random::new(61);
    let mut all = Vec::new();
    for (name, rows, dim, bad) in [
        ("good", 5u32, 3u32, None),
        ("NaN", 70, 5, Some((66, f32::NAN))),
        ("infinity in the first row", 9, 17, Some((0, f32::NEG_INFINITY))),
        ("too large", 300, 16, Some((299, -65_520.0))),
        ("large", 8192, 64, None),
    ] {
        for rows_type in [TYPE_F32, TYPE_F16] {
            let width = stride(dim, rows_type);
            let mut values = random.floats(((rows + 1) * width) as usize);
            if let Some((row, value)) = bad {
                values[((row + 1) * width + dim - 1) as usize] = value;
            }
            let params = Params {
                rows,
                dim,
                source_base: width,
                source_stride: width,
                rows_type,
                first_row: 1000,
                limit: 65_504f32.to_bits(),
            };
            let bindings =
                vec![CaseBinding::ints(&[u32::MAX]), CaseBinding::ints(&packed(&values, rows_type))];
            let threads = threads(rows, dim);
            let name = format!("{name} {rows}x{dim} type={rows_type}");
            let case = Case::new(name, [0], &params, bindings, threads.div_ceil(64));
            all.push(if rows == 8192 { case.bench(u64::from(rows * dim) * 4, 0) } else { case });
        }
    }
    all
}
