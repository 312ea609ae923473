// The policy of occupancies. A thread an instance.

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
    let n = params.instances;
    for (var k = 0u; k < params.layers; k++) {
        for (var state = 0u; state < states_of(k); state++) {
            let pairs = first_pair(k) + state * params.actions;
            var reach = 0.0;
            for (var action = 0u; action < params.actions; action++) {
                reach += occupancy[(pairs + action) * n + instance];
            }
            for (var action = 0u; action < params.actions; action++) {
                let weight = occupancy[(pairs + action) * n + instance];
                policy[(pairs + action) * n + instance] =
                    select(1.0 / f32(params.actions), weight / reach, reach > LEAST_REACH);
            }
        }
    }
}

// A state that is reached less often has no policy.
const LEAST_REACH: f32 = 1e-30;
