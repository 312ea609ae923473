//! Twin of `queue_step.wgsl`.

use crate::kernels::queue_step::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, pairs, constraints] = [p.instances, p.pairs, p.constraints].map(|n| n as usize);
    let queues = call.queues[..constraints * instances].chunks_mut(instances);
    for (queues, kept) in queues.zip(call.kept.chunks((pairs + 1) * instances)) {
        let (costs, budgets) = kept.split_at(pairs * instances);
        queues.iter_mut().zip(budgets).for_each(|(queue, budget)| *queue -= budget);
        for (costs, reached) in costs.chunks(instances).zip(call.occupancy.chunks(instances)) {
            for ((queue, cost), reached) in queues.iter_mut().zip(costs).zip(reached) {
                *queue += cost * reached;
            }
        }
        queues.iter_mut().for_each(|queue| *queue = queue.max(p.least));
    }
}
