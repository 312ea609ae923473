//! The cases of `jagged_to_dense`.

use super::*;
use crate::kernel::{self, Case, CaseBinding};
use crate::kernels::jagged_inputs::{offsets, status, values};
use crate::kernels::random::Random;
use crate::kernels::width::Width;

/// Cases of `jagged_to_dense` or `dense_to_jagged`: cut off, padded, with gaps between rows, a part of the
/// dense rows, refused. The bindings are made of status, begins, what is read and what is written.
pub(crate) fn both<I: kernel::Bindings<CaseBinding, Params = Params>>(
    to_dense: bool,
    bindings: impl Fn([CaseBinding; 4]) -> I,
) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, segments, length, longest, dim, gap, refused) in [
        ("cut off", 5, 9, 4, 3, 0, false),
        ("padded", 70, 3, 7, 1, 0, false),
        ("gaps", 33, 6, 5, 2, 3, false),
        ("empty", 9, 0, 2, 2, 0, false),
        ("refused", 9, 5, 2, 2, 0, true),
        ("large", 4096, 40, 32, 16, 0, false),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(23);
            let begins = offsets(segments, length, 29);
            // the first and last dense rows lie in other bindings, if there are gaps
            let first = gap;
            let rows = segments - 2 * gap;
            let params = Params {
                len: values(&begins),
                segments,
                rows,
                first,
                longest,
                dim,
                values_base: gap,
                values_stride: dim + gap,
                dense_base: 2 * gap,
                dense_stride: longest * dim + gap,
                padding: -1.5,
            };
            let size = |base, count: u32, stride| ((base + count * stride) * width) as usize;
            let jagged = size(params.values_base, params.len, params.values_stride);
            let dense = size(params.dense_base, rows, params.dense_stride);
            let (from, to) = if to_dense { (jagged, dense) } else { (dense, jagged) };
            let bindings = bindings([
                status(refused),
                CaseBinding::ints(&begins),
                CaseBinding::floats(&random.floats(from)),
                CaseBinding::poisoned(to),
            ]);
            let threads = if to_dense { rows * longest * dim } else { params.len * dim };
            let groups = threads.div_ceil(KERNEL.variants[variant].workgroup);
            let case = Case::new(name, [variant], &params, bindings, groups);
            let bytes = u64::from(threads) * u64::from(width) * 8;
            all.push(if name == "large" { case.bench(bytes, 0) } else { case });
        }
    }
    all
}

pub(crate) fn cases() -> Vec<Case> {
    both(true, |[status, begins, values, dense]| Bindings { status, begins, values, dense })
}
