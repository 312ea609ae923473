//! The cases of `check_values`.

use super::*;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_F16, TYPE_F32, stride};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
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
                report: 0,
            };
            let words = packed(&values, rows_type);
            let bindings =
                |row| Bindings { status: CaseBinding::ints(&[row, 0]), rows: CaseBinding::ints(&words) };
            let threads = threads(rows, dim);
            let name = format!("{name} {rows}x{dim} type={rows_type}");
            let case = Case::new(name.clone(), [0], &params, bindings(u32::MAX), threads.div_ceil(64));
            all.push(if rows == 8192 { case.bench(u64::from(rows * dim) * 4, 0) } else { case });
            let found = bad.map_or(u32::MAX, |(row, _)| 1000 + row);
            let report = Params { report: 1, ..params };
            all.push(Case::new(format!("report of {name}"), [0], &report, bindings(found), 1));
        }
    }
    all
}
