// A step of temporal-difference learning: the entries move along the means of their gradients, and the means
// take in the gradients of a transition. Pairs are of what is after the step and of what is before it, which is
// asked for where variance is reduced. A thread an instance.

// The value of the state and of the next one, and the derivative of the first along omega.
struct Sums {
    value: vec2<f32>,
    later: vec2<f32>,
    along: vec2<f32>,
}

struct Told {
    // delta less the derivative along omega
    error: vec2<f32>,
    along: vec2<f32>,
}

// What features of the state and of the next one are multiplied by in the gradient of theta, and of omega.
struct Slopes {
    here: vec2<f32>,
    there: vec2<f32>,
    dual: vec2<f32>,
}

struct Entry {
    theta: vec2<f32>,
    omega: vec2<f32>,
}

fn feature(f: u32, instance: u32) -> f32 {
    return now[params.now_base + f * params.now_stride + instance * params.now_step];
}

fn next_feature(f: u32, instance: u32) -> f32 {
    return next[params.next_base + f * params.next_stride + instance * params.next_step];
}

// The means of omega's gradients lie below those of theta's.
fn dual_mean(at: u32) -> u32 {
    return params.entries * params.instances + at;
}

// An entry that is not stepped with yet.
fn entry(at: u32) -> Entry {
    let own = theta[at];
    let dual = omega[at];
    return Entry(
        vec2<f32>(own - params.rate * means[at], own),
        vec2<f32>(dual + params.dual_rate * means[dual_mean(at)], dual),
    );
}

fn advance(at: u32) -> Entry {
    let entry = entry(at);
    theta[at] = entry.theta.x;
    omega[at] = entry.omega.x;
    return entry;
}

// Steps with the entries of all features from `first` on, and what the features come to with them: of the state
// by theta, of the next one by theta, and of the state by omega.
fn weighted(first: u32, instance: u32) -> Sums {
    var sums = Sums();
    for (var f = 0u; f < params.features; f++) {
        let x = feature(f, instance);
        let entry = advance((first + f) * params.instances + instance);
        sums.value += entry.theta * x;
        sums.later += entry.theta * next_feature(f, instance);
        sums.along += entry.omega * x;
    }
    return sums;
}

// Takes in the gradients of an entry that has been stepped with: those of theta and of omega.
fn take_in(at: u32, own: vec2<f32>, dual: vec2<f32>) {
    var last = means[at];
    var last_dual = means[dual_mean(at)];
    let moved = omega[at];
    if (params.is_reduced == 1u) {
        let stood = moved - params.dual_rate * last_dual;
        last -= own.y;
        last_dual -= dual.y - params.ridge * stood;
    }
    means[at] = params.gain * own.x + params.keep * last;
    means[dual_mean(at)] = params.gain * (dual.x - params.ridge * moved) + params.keep * last_dual;
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
    let sums = sums(instance);
    let gain = reward[params.reward_base + instance];
    let told = Told(gain + params.discount * sums.later - sums.value - sums.along, sums.along);
    for (var block = 0u; block < blocks(); block++) {
        let slopes = slopes(block, told, instance);
        for (var f = 0u; f < params.features; f++) {
            let x = feature(f, instance);
            let y = next_feature(f, instance);
            take_in(
                (block * params.features + f) * params.instances + instance,
                slopes.here * x + slopes.there * y,
                slopes.dual * x,
            );
        }
    }
    update_outputs(told, instance);
}
