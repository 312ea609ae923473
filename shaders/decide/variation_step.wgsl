// By how much gradients differ from the last ones, and the rates that follow from it. A thread an instance.

// 1 on the probability simplex, whose gradients are measured by their largest entry; 0 in a ball, by their length.
override SIMPLEX: u32;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let instance = group_index(group, groups) * WORKGROUP + thread;
    if (instance >= params.instances) {
        return;
    }
    var change = 0.0;
    for (var entry = 0u; entry < params.entries; entry++) {
        let at = entry * params.instances + instance;
        let now = gradient[params.gradient_base + entry * params.gradient_stride + instance];
        let difference = now - last[at];
        let square = difference * difference;
        change = select(change + square, max(change, square), SIMPLEX == 1u);
        last[at] = now;
    }
    let seen = rates[SEEN * params.instances + instance] + change;
    rates[SEEN * params.instances + instance] = seen;
    if (seen > rates[GUESS * params.instances + instance]) {
        let guess = 2.0 * seen;
        let root = sqrt(guess + params.smoothness + 1.0);
        let before = rates[WEIGHT * params.instances + instance];
        let weight = sqrt(root);
        let pull = (3.0 * rates[STEEP * params.instances + instance] + 1.0) * root;
        rates[GUESS * params.instances + instance] = guess;
        rates[WEIGHT * params.instances + instance] = weight;
        rates[PULL * params.instances + instance] = max(pull, rates[PULL * params.instances + instance]);
        // so that prices stay what they are
        for (var k = 0u; k < params.constraints; k++) {
            queues[k * params.instances + instance] *= before / weight;
        }
    }
}
