// The occupancies of the model that are nearest to the last ones, prices included: sweeps over the layers,
// each of which sets the potentials of a layer's states by half the logarithm of what leaves them over what
// comes. A step of this size never makes the dual worse, wherever it begins: every weight has a layer's
// potentials once on either side, and the exponential of a mean is at most the mean of exponentials. A thread
// an instance.

// What is less is nothing: a state that the model does not reach, whose potential may grow.
const LEAST: f32 = 7.888609e-31;

// Weights of a layer's pairs, and their sum.
fn weigh(k: u32, instance: u32) -> f32 {
    let n = params.instances;
    var most = -3.4e38;
    for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
        let at = (first_pair(k) + pair) * n + instance;
        let own = potentials[(first_state(k) + pair / params.actions) * n + instance];
        let sum = weight(k, pair, instance) - own;
        occupancy[at] = sum;
        most = max(most, sum);
    }
    var total = 0.0;
    for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
        let at = (first_pair(k) + pair) * n + instance;
        let scaled = exp_2_or_zero(occupancy[at] - most);
        occupancy[at] = scaled;
        total += scaled;
    }
    return total;
}

// Balances the states of a layer, of whose predecessor the weights came to a sum: the largest difference between
// what came and what left, and the sum of the layer's weights with its new potentials.
fn balance(k: u32, came: f32, instance: u32) -> vec2<f32> {
    let n = params.instances;
    let left = weigh(k, instance);
    var residual = 0.0;
    var total = 0.0;
    for (var state = 0u; state < states_of(k); state++) {
        var inflow = 0.0;
        for (var pair = 0u; pair < states_of(k - 1u) * params.actions; pair++) {
            let moved = (first_move(k - 1u) + pair * states_of(k) + state) * n + instance;
            inflow += occupancy[(first_pair(k - 1u) + pair) * n + instance] * share(moved);
        }
        var outflow = 0.0;
        for (var action = 0u; action < params.actions; action++) {
            outflow += occupancy[(first_pair(k) + state * params.actions + action) * n + instance];
        }
        inflow /= came;
        outflow /= left;
        residual = max(residual, abs(inflow - outflow));
        let ratio = max(inflow, LEAST) / max(outflow, LEAST);
        potentials[(first_state(k) + state) * n + instance] -= 0.5 * log_2(ratio);
        // the potential is taken from the state's own pairs alone
        let scale = sqrt(ratio);
        for (var action = 0u; action < params.actions; action++) {
            let at = (first_pair(k) + state * params.actions + action) * n + instance;
            var scaled = occupancy[at] * scale;
            scaled = select(0.0, scaled, scaled >= LEAST);
            occupancy[at] = scaled;
            total += scaled;
        }
    }
    return vec2<f32>(residual, total);
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
    let n = params.instances;
    // beside the potentials: what the last sweep left
    let left = first_state(params.layers) + 1u;
    if (params.first == 1u) {
        begin(instance);
    } else if (potentials[left * n + instance] <= params.tolerance) {
        return;
    }
    var residual = 0.0;
    for (var sweep = 0u; sweep < params.sweeps; sweep++) {
        residual = 0.0;
        var came = weigh(0u, instance);
        for (var k = 1u; k < params.layers; k++) {
            let balanced = balance(k, came, instance);
            residual = max(residual, balanced.x);
            came = balanced.y;
        }
        if (residual <= params.tolerance) {
            break;
        }
    }
    potentials[left * n + instance] = residual;
    for (var k = 0u; k < params.layers; k++) {
        let total = weigh(k, instance);
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            occupancy[(first_pair(k) + pair) * n + instance] /= total;
        }
    }
}
