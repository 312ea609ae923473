//! The cases of `value_forward`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::td_step::cases::{SHAPES, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(105);
    SHAPES
        .into_iter()
        .map(|(instances, features, units)| {
            let gap = instances % 3;
            let entries = entries_of(features, units);
            let params =
                Params { instances, features, units, features_base: gap, features_stride: instances + gap };
            let bindings = Bindings {
                features: CaseBinding::floats(&random.floats((gap + features * (instances + gap)) as usize)),
                theta: CaseBinding::floats(&random.floats((entries * instances) as usize)),
                values: CaseBinding::poisoned(instances as usize),
            };
            let name = format!("{features} features, {units} units, {instances} instances");
            let case = Case::new(name, [0], &params, bindings, instances.div_ceil(64));
            let bytes = u64::from(instances) * u64::from(features + entries + 1) * 4;
            if instances > 1000 { case.bench(bytes, 0) } else { case }
        })
        .collect()
}
