//! The cases of `segment_sum`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, status, values};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, segments, longest, dim, piece, gap, refused) in [
        ("whole", 13, 9, 3, 0, 0, false),
        ("pieces", 13, 9, 3, 2, 0, false),
        ("gaps", 33, 6, 2, 0, 3, false),
        ("pieces and gaps", 33, 600, 2, 256, 3, false),
        ("empty", 9, 0, 2, 0, 0, false),
        ("empty pieces", 9, 0, 2, 4, 0, false),
        ("refused", 9, 5, 2, 0, 0, true),
        ("large", 16_384, 40, 4, 0, 0, false),
        ("large pieces", 64, 20_000, 4, 256, 0, false),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(53);
            let offsets = offsets(segments, longest, 59);
            let (first, segments) = (gap, segments - gap);
            let len = values(&offsets);
            let mut begins = vec![0];
            for pair in offsets[first as usize..].windows(2) {
                begins.push(begins[begins.len() - 1] + (pair[1] - pair[0]).div_ceil(piece.max(1)));
            }
            let rows = len.checked_div(piece).map_or(segments, |full| len.min(full + segments));
            let params = Params {
                rows,
                segments,
                first,
                piece,
                dim,
                values_base: gap,
                values_stride: dim + gap,
                out_base: 2 * gap,
                out_stride: dim + 2 * gap,
            };
            let size = |base, count: u32, stride| ((base + count * stride) * width) as usize;
            let bindings = Bindings {
                status: status(refused),
                offsets: CaseBinding::ints(&offsets),
                begins: CaseBinding::ints(&begins),
                values: CaseBinding::floats(&random.floats(size(
                    params.values_base,
                    len,
                    params.values_stride,
                ))),
                out: CaseBinding::poisoned(size(params.out_base, rows, params.out_stride)),
            };
            let case = Case::new(name, [variant], &params, bindings, (rows * dim).div_ceil(64));
            let bytes = u64::from(len + rows) * u64::from(dim * width) * 4;
            let flops = u64::from(len) * u64::from(dim * width);
            all.push(if name.starts_with("large") { case.bench(bytes, flops) } else { case });
        }
    }
    all
}
