//! The cases of `mirror_step`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::inputs::{SHAPES, entries_of, normals_of, rates_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(91);
    let mut all = Vec::new();
    for (instances, entries, constraints) in SHAPES {
        let gap = instances % 3;
        let params = Params {
            instances,
            entries,
            constraints,
            shared_normals: 0,
            gradient_base: gap,
            gradient_stride: instances + gap,
            radius: 1.0,
            mix: 0.01,
        };
        for (variant, is_simplex, shared_normals) in [(0, false, 0), (SIMPLEX, true, 0), (SIMPLEX, true, 1)] {
            let params = Params { shared_normals, ..params };
            let bindings = Bindings {
                gradient: CaseBinding::floats(
                    &random.floats((gap + entries * params.gradient_stride) as usize),
                ),
                prices: CaseBinding::floats(&entries_of(&mut random, constraints * instances)),
                normals: CaseBinding::floats(&normals_of(
                    &mut random,
                    constraints * entries,
                    instances,
                    shared_normals,
                )),
                rates: CaseBinding::floats(&rates_of(&mut random, instances)),
                point: CaseBinding::floats(&match is_simplex {
                    true => vec![1.0 / entries as f32; (entries * instances) as usize],
                    false => random.floats((entries * instances) as usize),
                }),
            };
            let groups = instances.div_ceil(64);
            let name = format!(
                "{entries} entries, {constraints} constraints, {instances} instances, shared_normals={shared_normals}"
            );
            let case = Case::new(name, [variant], &params, bindings, groups);
            let read = u64::from(entries * instances) * u64::from(3 + constraints) * 4;
            all.push(if instances > 1000 { case.bench(read, 0) } else { case });
        }
    }
    all
}
