//! The cases of `prox_dual`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{SHAPES, entries_of, rates_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(92);
    let shapes = SHAPES.into_iter().filter(|&(_, _, constraints)| constraints > 0);
    shapes
        .map(|(instances, entries, constraints)| {
            let params = Params { instances, entries, constraints };
            let [priced, normals] = [constraints * instances, constraints * entries * instances];
            let bindings = Bindings {
                normals: CaseBinding::floats(&random.floats(normals as usize)),
                bounds: CaseBinding::floats(&random.floats(priced as usize)),
                rates: CaseBinding::floats(&rates_of(&mut random, instances)),
                point: CaseBinding::floats(&random.floats((entries * instances) as usize)),
                queues: CaseBinding::floats(&entries_of(&mut random, priced)),
                prices: CaseBinding::poisoned(priced as usize),
            };
            let name = format!("{entries} entries, {constraints} constraints, {instances} instances");
            let case = Case::new(name, [0], &params, bindings, instances.div_ceil(64));
            let read = u64::from(normals + entries * instances) * 4;
            if instances > 1000 { case.bench(read, 0) } else { case }
        })
        .collect()
}
