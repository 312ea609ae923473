//! The cases of `batch_product`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Examples, m, n, k, gap between rows and before everything, examples together, whether the result is added.
const SHAPES: [(u32, u32, u32, u32, u32, u32, u32); 10] = [
    (1, 1, 1, 1, 0, 1, 0),
    (3, 2, 5, 3, 1, 1, 0),
    (5, 4, 8, 12, 4, 1, 1),
    (7, 6, 6, 16, 0, 3, 0),
    (4, 9, 17, 30, 0, 4, 1),
    (33, 12, 20, 7, 1, 1, 0),
    (50, 27, 27, 64, 0, 16, 0),
    (20, 27, 64, 27, 0, 1, 1),
    (2048, 27, 64, 27, 0, 1, 0),
    (2048, 27, 27, 64, 0, 64, 0),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(61);
    let mut all = Vec::new();
    for (rows, m, n, k, gap, together, accumulate) in SHAPES {
        for layout in LAYOUTS {
            for [a_shared, b_shared] in [[false, false], [true, false], [false, true]] {
                if rows == 2048 && (b_shared || layout.a_transposed || layout.b_transposed != (n == 27)) {
                    continue;
                }
                let (a_rows, a_cols) = if layout.a_transposed { (k, m) } else { (m, k) };
                let (b_rows, b_cols) = if layout.b_transposed { (n, k) } else { (k, n) };
                let place = |rows: u32, cols: u32| {
                    let stride =
                        cols.next_multiple_of(4) * u32::from(gap != 1) + (cols + 1) * u32::from(gap == 1);
                    (stride, rows * stride)
                };
                let (a_stride, of_a) = place(a_rows, a_cols);
                let (b_stride, of_b) = place(b_rows, b_cols);
                let outputs = rows.div_ceil(together);
                let params = Params {
                    rows,
                    m,
                    n,
                    k,
                    a_base: gap,
                    a_example: if a_shared { 0 } else { of_a },
                    a_stride,
                    b_base: gap,
                    b_example: if b_shared { 0 } else { of_b },
                    b_stride,
                    out_base: gap,
                    out_example: m * (n + gap),
                    out_stride: n + gap,
                    together,
                    accumulate,
                };
                let a = random.floats((gap + if a_shared { of_a } else { rows * of_a }) as usize);
                let b = random.floats((gap + if b_shared { of_b } else { rows * of_b }) as usize);
                let out = (gap + outputs * params.out_example) as usize;
                let out = if accumulate == 1 {
                    CaseBinding::floats(&random.floats(out))
                } else {
                    CaseBinding::poisoned(out)
                };
                let vec4 = gap != 1;
                let bytes = 4 * u64::from(rows * if a_shared { of_b } else { of_a + of_b })
                    + 4 * u64::from(outputs * m * n);
                let flops = 2 * u64::from(rows) * u64::from(m * n * k);
                for tiles in [true, false] {
                    let kind = if tiles { "T32x64" } else { "Serial" };
                    let shared = format!("{a_shared} {b_shared}");
                    let fitting = [true, false].into_iter().filter(|&width| vec4 || !width);
                    let case = Case::new(
                        format!(
                            "B={rows} {m}x{n}x{k} {kind} gap={gap} together={together} {layout:?} {shared}"
                        ),
                        fitting.map(|width| variant(layout, width, tiles)),
                        &params,
                        Bindings { a: CaseBinding::floats(&a), b: CaseBinding::floats(&b), out: out.clone() },
                        groups(&params, tiles),
                    );
                    all.push(if rows == 2048 { case.bench(bytes, flops) } else { case });
                }
            }
        }
    }
    all
}
