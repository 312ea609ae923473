// One step of mirror descent, a thread an instance: its entries lie the number of instances apart, so that
// the threads of a workgroup read neighbours.

// 1 on the probability simplex, 0 in a ball.
override SIMPLEX: u32;

// The derivative of the loss, with the price of every constraint.
fn slope(entry: u32, instance: u32) -> f32 {
    var sum = gradient[params.gradient_base + entry * params.gradient_stride + instance];
    for (var k = 0u; k < params.constraints; k++) {
        let normal = normal_of(k, entry, instance);
        // floors are of few entries
        if (normal != 0.0 || params.shared_normals == 0u) {
            sum += prices[k * params.instances + instance] * normal;
        }
    }
    return sum;
}

fn step_in_ball(instance: u32, pull: f32) {
    var square = 0.0;
    for (var entry = 0u; entry < params.entries; entry++) {
        let at = entry * params.instances + instance;
        let moved = point[at] - slope(entry, instance) / pull;
        point[at] = moved;
        square += moved * moved;
    }
    if (square > params.radius * params.radius) {
        let scale = params.radius / sqrt(square);
        for (var entry = 0u; entry < params.entries; entry++) {
            point[entry * params.instances + instance] *= scale;
        }
    }
}

fn step_on_simplex(instance: u32, pull: f32) {
    let rate = LOG2_E / pull;
    let share = params.mix / f32(params.entries);
    var most = -3.4e38;
    for (var entry = 0u; entry < params.entries; entry++) {
        let at = entry * params.instances + instance;
        let mixed = point[at] * (1.0 - params.mix) + share;
        let moved = log_2(mixed) - rate * slope(entry, instance);
        point[at] = moved;
        most = max(most, moved);
    }
    var sum = 0.0;
    for (var entry = 0u; entry < params.entries; entry++) {
        let at = entry * params.instances + instance;
        let term = exp_2_or_zero(point[at] - most);
        point[at] = term;
        sum += term;
    }
    for (var entry = 0u; entry < params.entries; entry++) {
        point[entry * params.instances + instance] /= sum;
    }
}

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
    let pull = rates[PULL * params.instances + instance];
    if (SIMPLEX == 1u) {
        step_on_simplex(instance, pull);
    } else {
        step_in_ball(instance, pull);
    }
}
