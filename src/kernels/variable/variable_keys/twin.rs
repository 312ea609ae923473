//! Twin of `variable_keys.wgsl`.

use crate::kernels::feature::NONE;
use crate::kernels::variable_keys::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let runs = &call.runs[..p.runs as usize];
    let keys = call.keys;
    for (bag, ends) in call.offsets.windows(2).enumerate().take(p.bags as usize) {
        let feature = &call.features[bag / p.batch as usize];
        let bag = ends[0] as usize..ends[1] as usize;
        for (key, &id) in keys[bag.clone()].iter_mut().zip(&call.ids[bag]) {
            let run = runs.partition_point(|run| run[0] <= id).saturating_sub(1);
            *key = match runs.get(run) {
                Some(&[first, first_key]) if !feature.absent(id) => first_key + (id - first),
                _ => NONE,
            };
        }
    }
}
