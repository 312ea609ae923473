// Weights of pairs whose moves are chosen within a radius of the model's: those with the least relative
// entropy to what the anchor and the potentials ask for. `work` has a row for each move: the anchor, which is
// the last occupancies with the moves that were chosen then, and a little of the uniform ones, in logarithms,
// and the price.
//
// What lies outside the radius has all of half of it above the model and half below: moves above are what is
// asked for times one factor, moves below times another, the others are the model's. Each factor solves an
// equation that is convex and linear in pieces, so that Newton's steps from where all moves take part come
// from one side, and end.

// Below every number that matters, and a normal one.
const TINY: f32 = 1.1754944e-38;

fn begin(instance: u32) {
    let n = params.instances;
    for (var k = 0u; k < params.layers; k++) {
        let next = states_of(k + 1u);
        let even = params.mix / f32(states_of(k) * params.actions * next);
        for (var pair = 0u; pair < states_of(k) * params.actions; pair++) {
            let at = (first_pair(k) + pair) * n + instance;
            let last = (1.0 - params.mix) * occupancy[at];
            for (var y = 0u; y < next; y++) {
                let moved = (first_move(k) + pair * next + y) * n + instance;
                work[moved] = log_2(last * chosen[moved] + even) + price[at];
            }
        }
    }
}

// How likely a move is.
fn share(moved: u32) -> f32 {
    return chosen[moved];
}

fn asked(k: u32, y: u32, moved: u32, instance: u32) -> f32 {
    return work[moved] + potentials[(first_state(k + 1u) + y) * params.instances + instance];
}

// The logarithm of a pair's weight, but for the potential of its own state. Chooses its moves.
fn weight(k: u32, pair: u32, instance: u32) -> f32 {
    let n = params.instances;
    let next = states_of(k + 1u);
    let first = (first_move(k) + pair * next) * n + instance;
    var most = -3.4e38;
    for (var y = 0u; y < next; y++) {
        most = max(most, asked(k, y, first + y * n, instance));
    }
    var sum = 0.0;
    for (var y = 0u; y < next; y++) {
        let moved = first + y * n;
        let wanted = exp_2(max(asked(k, y, moved, instance) - most, -100.0));
        chosen[moved] = wanted;
        sum += wanted;
    }
    var far = 0.0;
    for (var y = 0u; y < next; y++) {
        far += abs(chosen[first + y * n] / sum - model[first + y * n]);
    }
    let radius = model[(first_move(params.layers) + first_pair(k) + pair) * n + instance];
    var above = 1.0 / sum;
    var below = above;
    if (far > radius) {
        let half = 0.5 * radius;
        above = (1.0 + half) / sum;
        below = (1.0 - half) / sum;
        for (var i = 0u; i < next; i++) {
            var up = vec2<f32>(half, 0.0);
            var down = vec2<f32>(-half, 0.0);
            for (var y = 0u; y < next; y++) {
                let both = vec2<f32>(model[first + y * n], chosen[first + y * n]);
                up += select(vec2<f32>(0.0), both, both.y * above > both.x);
                down += select(vec2<f32>(0.0), both, both.y * below < both.x);
            }
            // where none takes part nothing is left to solve
            let nearer_above = select(above, up.x / max(up.y, TINY), up.y > 0.0);
            let nearer_below = select(below, down.x / max(down.y, TINY), down.y > 0.0);
            if (nearer_above >= above && nearer_below <= below) {
                break;
            }
            above = min(above, nearer_above);
            below = max(below, nearer_below);
        }
    }
    let logs = vec2<f32>(most - log_2(above), most - log_2(max(below, TINY)));
    var value = 0.0;
    for (var y = 0u; y < next; y++) {
        let moved = first + y * n;
        let wanted = chosen[moved];
        let own = model[moved];
        var taken = own;
        var log = 0.0;
        if (wanted * above > own) {
            taken = wanted * above;
            log = logs.x;
        } else if (wanted * below < own) {
            taken = wanted * below;
            log = logs.y;
        } else if (own > 0.0) {
            log = asked(k, y, moved, instance) - log_2(own);
        }
        chosen[moved] = taken;
        value += taken * log;
    }
    return value;
}
