//! The cases of `prox_dual`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{SHAPES, entries_of, normals_of, rates_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(92);
    let shapes = SHAPES.into_iter().filter(|&(_, _, constraints)| constraints > 0);
    shapes
        .flat_map(|shape| [(shape, 0), (shape, 1)])
        .map(|((instances, entries, constraints), shared_normals)| {
            let params = Params { instances, entries, constraints, shared_normals };
            let priced = constraints * instances;
            let normals = normals_of(&mut random, constraints * entries, instances, shared_normals);
            let read = normals.len() as u64 * 4 + u64::from(entries * instances) * 4;
            let bindings = Bindings {
                normals: CaseBinding::floats(&normals),
                bounds: CaseBinding::floats(&random.floats(priced as usize)),
                rates: CaseBinding::floats(&rates_of(&mut random, instances)),
                point: CaseBinding::floats(&random.floats((entries * instances) as usize)),
                queues: CaseBinding::floats(&entries_of(&mut random, priced)),
                prices: CaseBinding::poisoned(priced as usize),
            };
            let name = format!(
                "{entries} entries, {constraints} constraints, {instances} instances, shared_normals={shared_normals}"
            );
            let case = Case::new(name, [0], &params, bindings, instances.div_ceil(64));
            if instances > 1000 { case.bench(read, 0) } else { case }
        })
        .collect()
}
