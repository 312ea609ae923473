//! Twin of `payoff_update.wgsl`.

use crate::cpu::parallel;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::payoff_update::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers) = (p.instances as usize, p.layers as usize);
    let rows = call.counts.len() / instances;
    let counts = columns(call.counts, rows, instances);
    let means = columns(call.means, rows, instances);
    parallel::each(counts.zip(means).zip(blocks(instances)), &|((mut counts, mut means), block)| {
        for k in 0..layers {
            let [first, columns] = [2 * k, 2 * k + 1].map(|word| call.meetings[word]);
            let rewards =
                &call.rewards[p.rewards_base as usize + k * p.rewards_stride as usize..][block.clone()];
            let [own, rival] = [call.path, call.rival_path].map(|path| &path[k * instances..][block.clone()]);
            for (i, ((own, rival), reward)) in own.iter().zip(rival).zip(rewards).enumerate() {
                let met = (first + own * columns + rival % columns) as usize;
                let (count, mean) = (&mut counts.row(met)[i], &mut means.row(met)[i]);
                *count += 1;
                *mean += (reward - *mean) / *count as f32;
            }
        }
    });
}
