//! The cases of `interaction`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

/// Rows, features, dim, gap between rows, whether there is a dense part, and a diagonal.
pub(crate) const SHAPES: [(u32, u32, u32, u32, u32, u32); 13] = [
    (1, 1, 1, 0, 1, 0),
    (1, 1, 3, 0, 1, 1),
    (1, 2, 4, 0, 0, 0),
    (3, 2, 5, 1, 1, 1),
    (7, 4, 8, 4, 1, 0),
    (5, 5, 12, 0, 0, 1),
    (9, 13, 17, 3, 1, 0),
    (2, 9, 130, 0, 1, 1),
    (1, 40, 128, 0, 1, 0),
    (2, 40, 64, 0, 1, 1),
    (3, 65, 4, 0, 0, 0),
    (29, 6, 20, 0, 0, 1),
    (256, 27, 64, 0, 1, 0),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(34);
    let mut all = Vec::new();
    for (rows, features, dim, gap, dense_part, diagonal) in SHAPES {
        let columns = pairs(features, diagonal) + dim * dense_part;
        let params = Params {
            rows,
            features,
            dim,
            input_base: gap,
            input_stride: features * dim + gap,
            out_base: gap,
            out_stride: columns + gap,
            dense_part,
            diagonal,
            together: together(features, dim).map_or(1, NonZeroU32::get),
        };
        let x = random.floats((gap + rows * params.input_stride) as usize);
        let out = CaseBinding::poisoned((gap + rows * params.out_stride) as usize);
        for wide in [true, false] {
            if wide && together(features, dim).is_none() {
                continue;
            }
            let vec4 = dim % 4 == 0 && gap % 4 == 0;
            let variants =
                [true, false].into_iter().filter(|&four| vec4 || !four).map(|four| variant(four, wide));
            let case = Case::new(
                format!(
                    "B={rows} F={features} D={dim} gap={gap} dense={dense_part} diagonal={diagonal} {wide}"
                ),
                variants,
                &params,
                Bindings { input: CaseBinding::floats(&x), out: out.clone() },
                groups(wide, &params),
            );
            let (read, written) = (u64::from(features * dim), u64::from(columns));
            let flops = 2 * u64::from(pairs(features, diagonal) * dim);
            all.push(if rows == 256 {
                case.bench(4 * u64::from(rows) * (read + written), u64::from(rows) * flops)
            } else {
                case
            });
        }
    }
    all
}
