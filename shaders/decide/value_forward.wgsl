// The value of a state: linear in its features, or a sum of tanh units. A thread an instance.

fn weighted(first: u32, instance: u32) -> f32 {
    var sum = 0.0;
    for (var f = 0u; f < params.features; f++) {
        let x = features[params.features_base + f * params.features_stride + instance * params.features_step];
        sum += theta[(first + f) * params.instances + instance] * x;
    }
    return sum;
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
    var value = 0.0;
    if (params.units == 0u) {
        value = weighted(0u, instance);
    }
    for (var unit = 0u; unit < params.units; unit++) {
        let output = theta[(params.units * params.features + unit) * params.instances + instance];
        value += output * tanh_exact(weighted(unit * params.features, instance));
    }
    values[instance] = value;
}
