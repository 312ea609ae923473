//! Twin of `variable_keys.wgsl`.

use crate::kernels::feature::NONE;
use crate::kernels::variable_keys::View;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    if call.status.refused() {
        return;
    }
    let runs = &call.runs[..p.runs as usize];
    let (ids, keys) = (&call.ids[..p.ids as usize], &mut call.keys[..p.ids as usize]);
    for (f, feature) in call.features[..p.features as usize].iter().enumerate() {
        let [begin, end] = [f, f + 1].map(|f| call.offsets[f * p.batch as usize] as usize);
        for (key, &id) in keys[begin..end].iter_mut().zip(&ids[begin..end]) {
            let run = runs.partition_point(|run| run[0] <= id).saturating_sub(1);
            *key = match runs.get(run) {
                Some(&[first, first_key]) if !feature.absent(id) => first_key + (id - first),
                _ => NONE,
            };
        }
    }
}
