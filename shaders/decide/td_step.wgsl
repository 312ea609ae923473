// A step of temporal-difference learning: the entries move along the means of their gradients, and the means
// take in the gradients of a transition, at the entries after the step and, where variance is reduced, before
// it. A thread an instance.

// Which entries: after the step, before it.
const NEW: u32 = 0u;
const OLD: u32 = 1u;

// The value of the state and of the next one, and the derivative of the first along omega.
struct Sums {
    value: f32,
    later: f32,
    along: f32,
}

struct Told {
    // delta less the derivative along omega
    error: f32,
    along: f32,
}

// What features of the state and of the next one are multiplied by in the gradient of theta, and of omega.
struct Slopes {
    here: f32,
    there: f32,
    dual: f32,
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

fn theta_at(at: u32, point: u32) -> f32 {
    return theta[at] - select(0.0, params.rate, point == NEW) * means[at];
}

fn omega_at(at: u32, point: u32) -> f32 {
    return omega[at] + select(0.0, params.dual_rate, point == NEW) * means[dual_mean(at)];
}

fn told(point: u32, instance: u32) -> Told {
    let sums = sums(point, instance);
    let gain = reward[params.reward_base + instance];
    return Told(gain + params.discount * sums.later - sums.value - sums.along, sums.along);
}

// Takes the gradients of an entry in: those of theta and of omega, after the step and before it.
fn update(at: u32, fresh: vec2<f32>, before: vec2<f32>) {
    let ridge = vec2<f32>(0.0, params.ridge);
    let moved = vec2<f32>(theta_at(at, NEW), omega_at(at, NEW));
    let stood = vec2<f32>(theta[at], omega[at]);
    let last = vec2<f32>(means[at], means[dual_mean(at)]);
    var mean = params.gain * (fresh - ridge * moved);
    if (params.is_reduced == 1u) {
        mean += params.keep * (last - (before - ridge * stood));
    } else {
        mean += params.keep * last;
    }
    theta[at] = moved.x;
    omega[at] = moved.y;
    means[at] = mean.x;
    means[dual_mean(at)] = mean.y;
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
    let fresh = told(NEW, instance);
    var before = Told(0.0, 0.0);
    if (params.is_reduced == 1u) {
        before = told(OLD, instance);
    }
    for (var block = 0u; block < blocks(); block++) {
        let slope = slopes(block, NEW, fresh, instance);
        var stood = Slopes(0.0, 0.0, 0.0);
        if (params.is_reduced == 1u) {
            stood = slopes(block, OLD, before, instance);
        }
        for (var f = 0u; f < params.features; f++) {
            let x = feature(f, instance);
            let y = next_feature(f, instance);
            update(
                (block * params.features + f) * n + instance,
                vec2<f32>(slope.here * x + slope.there * y, slope.dual * x),
                vec2<f32>(stood.here * x + stood.there * y, stood.dual * x),
            );
        }
    }
    update_outputs(fresh, before, instance);
}
