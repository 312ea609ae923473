//! The cases of `add_rows`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::NONE;
use crate::kernels::random::Random;
use crate::kernels::width::Width;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, targets, dim, lanes, factor, first, [out_first, out_rows], gap) in [
        ("one", 1, 1, 1, 1.0, 0, [0, 1], 0),
        ("some", 100, 3, 1, 1.0, 0, [0, 100], 0),
        ("times a factor", 100, 3, 2, 0.25, 0, [0, 100], 0),
        ("lanes", 50, 17, 4, 1.0, 0, [0, 50], 0),
        ("a part with gaps", 90, 5, 2, -0.3, 7, [20, 40], 3),
        ("large", 20_000, 16, 16, 1.0, 0, [0, 20_000], 0),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(71);
            let target: Vec<u32> = (0..targets).map(|i| i * 5 + 2).collect();
            let mut rows: Vec<u32> =
                target.iter().copied().filter(|_| targets == 1 || random.below(3) > 0).collect();
            // rows that are not there
            rows.extend([NONE; 2]);
            let all_rows = narrow(rows.len());
            let mut full = vec![5u32; targets as usize];
            (full[0], full[1 % targets as usize]) = (NONE - 1, NONE);
            let counts: Vec<u32> = (0..all_rows).map(|i| i % 4).collect();
            let params = Params {
                len: all_rows - first,
                first,
                targets,
                out_rows,
                out_first,
                lanes,
                factor,
                dim,
                values_base: gap,
                values_stride: dim + gap,
                out_base: 2 * gap,
                out_stride: dim + 2 * gap,
            };
            let size = |base, rows, stride| ((base + rows * stride) * width) as usize;
            let bindings = Bindings {
                rows: CaseBinding::ints(&rows),
                counts: CaseBinding::ints(&counts),
                values: CaseBinding::floats(&random.floats(size(
                    params.values_base,
                    params.len,
                    params.values_stride,
                ))),
                targets: CaseBinding::ints(&target),
                out: CaseBinding::floats(&random.floats(size(params.out_base, out_rows, params.out_stride))),
                totals: CaseBinding::ints(&full),
            };
            let groups = (params.len * lanes).div_ceil(WORKGROUP);
            let case = Case::new(name, [variant], &params, bindings, groups);
            let values = u64::from(params.len) * u64::from(dim * width);
            all.push(if name == "large" { case.bench(values * 12, values * 2) } else { case });
        }
    }
    all
}
