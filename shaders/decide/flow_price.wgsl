// What each pair of state and action costs in the next decision, and what of the episode is kept for it.
// A thread a pair of an instance.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = group_index(group, groups) * WORKGROUP + thread;
    if (at >= params.pairs * params.instances) {
        return;
    }
    let pair = at / params.instances;
    let instance = at % params.instances;
    var sum = params.loss_rate * loss[params.loss_base + pair * params.loss_stride + instance];
    for (var i = 0u; i < params.constraints; i++) {
        let cost = costs[params.costs_base + (i * params.pairs + pair) * params.costs_stride + instance];
        let row = i * (params.pairs + 1u);
        kept[(row + pair) * params.instances + instance] = cost;
        sum += params.cost_rate * queues[i * params.instances + instance] * cost;
        if (pair == 0u) {
            kept[(row + params.pairs) * params.instances + instance] =
                budgets[params.budgets_base + i * params.budgets_stride + instance];
        }
    }
    price[at] = -sum;
}
