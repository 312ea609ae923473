//! The cases of `move_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::unwritten;
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    // rows to move out of how many, of which a window in the middle is there
    for (rows, table, cols) in
        [(1u32, 1u32, 1u32), (3, 40, 5), (65, 100, 7), (300, 300, 16), (10_000, 40_000, 16)]
    {
        let mut random = Random::new(83);
        // each row at most once
        let mut numbers: Vec<(u64, u32)> = (0..table).map(|row| (random.next(), row)).collect();
        numbers.sort_unstable();
        let places: Vec<u32> = numbers.iter().map(|&(_, row)| row).take(2 + rows as usize).collect();
        let window_rows = if table > 1 { table / 2 } else { 1 };
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            for scatter in [0, 1] {
                let params = Params {
                    rows,
                    first_place: u32::from(places.len() > rows as usize),
                    window_first: (table - window_rows) / 3,
                    window_rows,
                    cols,
                    table_base: 3,
                    packed_base: 2,
                    scatter,
                };
                let [there, packed] =
                    [params.table_base + window_rows * cols, params.packed_base + rows * cols]
                        .map(|elements| elements * width);
                let (source, out) = if scatter == 1 { (packed, there) } else { (there, packed) };
                let source: Vec<u32> = (0..source).map(|_| random.below(u32::MAX)).collect();
                let bindings = Bindings {
                    places: CaseBinding::ints(&places),
                    source: CaseBinding::ints(&source),
                    out: unwritten(out),
                };
                let name = format!("{rows} of {table} x {cols} scatter={scatter}");
                let case = Case::new(name, [variant], &params, bindings, (rows * cols).div_ceil(256));
                let bytes = u64::from(rows * cols) * u64::from(width) * 8;
                all.push(if rows == 10_000 { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
