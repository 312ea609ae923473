//! The cases of `variable_keys`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::feature::NONE;
use crate::kernels::jagged_inputs::{offsets, status, unwritten, values};
use crate::kernels::random::Random;
use crate::numbers::narrow;

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (batch, longest, runs, refused) in
        [(1u32, 3u32, 1u32, false), (30, 9, 7, false), (30, 9, 7, true), (2000, 20, 300, false)]
    {
        let mut random = Random::new(5);
        let mut first = 0;
        let of_runs: Vec<[u32; 2]> = (0..runs)
            .map(|_| {
                first += 1 + random.below(9);
                [first - 1, random.below(1000)]
            })
            .collect();
        // the first run begins at row 0
        let of_runs: Vec<[u32; 2]> = of_runs.iter().map(|run| [run[0] - of_runs[0][0], run[1]]).collect();
        let rows = of_runs[of_runs.len() - 1][0] + 5;
        let feature = |padding| Feature { rows, padding, ..Feature::default() };
        let features = [feature(NONE), feature(0)];
        let begins = offsets(batch * narrow(features.len()), longest, 13);
        let len = values(&begins);
        let ids: Vec<u32> = (0..len.max(1)).map(|_| random.below(rows + 2)).collect();
        let params = Params { batch, features: narrow(features.len()), ids: len, runs };
        let bindings = Bindings {
            status: status(refused),
            features: CaseBinding::ints(&features),
            offsets: CaseBinding::ints(&begins),
            ids: CaseBinding::ints(&ids),
            runs: CaseBinding::ints(&of_runs),
            keys: unwritten(len.max(1)),
        };
        let name = format!("B={batch} L<={longest} {runs} runs refused={refused}");
        let case = Case::new(name, [0], &params, bindings, len.div_ceil(64));
        all.push(if batch == 2000 { case.bench(u64::from(len) * 8, 0) } else { case });
    }
    all
}
