//! The cases of `value_forward`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::decide::td_step::cases::{SHAPES, entries_of};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(105);
    SHAPES
        .into_iter()
        // a row for each feature, or for each instance
        .flat_map(|shape| [(shape, false), (shape, true)])
        .map(|((instances, features, units), by_instance)| {
            let gap = instances % 3;
            let entries = entries_of(features, units);
            let (features_stride, features_step) =
                if by_instance { (1, features + gap) } else { (instances + gap, 1) };
            let params =
                Params { instances, features, units, features_base: gap, features_stride, features_step };
            let values = gap + (features + gap) * (instances + gap);
            let bindings = Bindings {
                features: CaseBinding::floats(&random.floats(values as usize)),
                theta: CaseBinding::floats(&random.floats((entries * instances) as usize)),
                values: CaseBinding::poisoned(instances as usize),
            };
            let name = format!("{features} features, {units} units, {instances} instances, by_instance={by_instance}");
            let case = Case::new(name, [0], &params, bindings, instances.div_ceil(64));
            let bytes = u64::from(instances) * u64::from(features + entries + 1) * 4;
            if instances > 1000 && !by_instance { case.bench(bytes, 0) } else { case }
        })
        .collect()
}
