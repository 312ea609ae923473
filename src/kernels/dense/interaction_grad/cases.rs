//! The cases of `interaction_grad`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::interaction::cases::SHAPES;
use crate::kernels::interaction::pairs;
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(35);
    let mut all = Vec::new();
    for (rows, features, dim, gap, dense_part, diagonal) in SHAPES {
        let columns = pairs(features, diagonal) + dim * dense_part;
        let params = Params {
            rows,
            features,
            dim,
            input_base: gap,
            input_stride: features * dim + gap,
            grad_base: gap,
            grad_stride: columns + gap,
            out_base: gap,
            out_stride: features * dim + gap,
            dense_part,
            diagonal,
            accumulate: rows % 2,
            together: together(features, dim).map_or(1, NonZeroU32::get),
        };
        let mut floats = |len: u32| CaseBinding::floats(&random.floats(len as usize));
        let input = floats(gap + rows * params.input_stride);
        let grad = floats(gap + rows * params.grad_stride);
        let out = (gap + rows * params.out_stride) as usize;
        let out = match params.accumulate {
            1 => CaseBinding::floats(&random.floats(out)),
            _ => CaseBinding::poisoned(out),
        };
        let vec4 = dim % 4 == 0 && gap % 4 == 0;
        for wide in [true, false] {
            if wide && together(features, dim).is_none() {
                continue;
            }
            let variants = [true, false].into_iter().filter(|&four| vec4 || !four);
            let (input, grad, out) = (input.clone(), grad.clone(), out.clone());
            let case = Case::new(
                format!(
                    "B={rows} F={features} D={dim} gap={gap} dense={dense_part} diagonal={diagonal} {wide}"
                ),
                variants.map(|four| variant(four, wide)),
                &params,
                Bindings { input, grad, out },
                groups(wide, &params),
            );
            let moved = 2 * u64::from(features * dim) + u64::from(columns);
            let flops = 2 * u64::from(features * features * dim);
            all.push(if rows == 256 {
                case.bench(4 * u64::from(rows) * moved, u64::from(rows) * flops)
            } else {
                case
            });
        }
    }
    all
}
