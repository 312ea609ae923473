// A value that is the sum of tanh units with weights of their own. The entries are the units' weights of the
// features, unit after unit, and then the weights of the units. `hidden` has for each unit its output in the
// state and in the next, and what its features' part of omega comes to, with the new entries and then with
// the old ones.

fn hidden_at(unit: u32, which: u32, point: u32, instance: u32) -> u32 {
    return ((unit * 2u + point) * 3u + which) * params.instances + instance;
}

fn output_at(unit: u32, instance: u32) -> u32 {
    return (params.units * params.features + unit) * params.instances + instance;
}

fn sums(point: u32, instance: u32) -> Sums {
    let n = params.instances;
    var value = 0.0;
    var later = 0.0;
    var along = 0.0;
    for (var unit = 0u; unit < params.units; unit++) {
        var here = 0.0;
        var there = 0.0;
        var part = 0.0;
        for (var f = 0u; f < params.features; f++) {
            let x = feature(f, instance);
            let at = (unit * params.features + f) * n + instance;
            let own = theta_at(at, point);
            here += own * x;
            there += own * next_feature(f, instance);
            part += omega_at(at, point) * x;
        }
        here = tanh_exact(here);
        there = tanh_exact(there);
        hidden[hidden_at(unit, 0u, point, instance)] = here;
        hidden[hidden_at(unit, 1u, point, instance)] = there;
        hidden[hidden_at(unit, 2u, point, instance)] = part;
        let output = theta_at(output_at(unit, instance), point);
        value += output * here;
        later += output * there;
        // added one by one: drivers may take the common factor out of the two
        along += omega_at(output_at(unit, instance), point) * here;
        along += output * (1.0 - here * here) * part;
    }
    return Sums(value, later, along);
}

// What the gradients of a unit's entries are made of: its features, and what they are multiplied by.
fn slopes(unit: u32, point: u32, told: Told, instance: u32) -> Slopes {
    let here = hidden[hidden_at(unit, 0u, point, instance)];
    let there = hidden[hidden_at(unit, 1u, point, instance)];
    let part = hidden[hidden_at(unit, 2u, point, instance)];
    let output = theta_at(output_at(unit, instance), point);
    let slope = 1.0 - here * here;
    // the second derivatives times omega, but for the slope: drivers take common factors out of sums
    let bend = omega_at(output_at(unit, instance), point) - 2.0 * output * here * part;
    return Slopes(
        slope * (told.error * bend - told.along * output),
        params.discount * told.along * output * (1.0 - there * there),
        told.error * output * slope,
    );
}

fn blocks() -> u32 {
    return params.units;
}

// The gradients of a unit's weight.
fn output_gradient(unit: u32, point: u32, told: Told, instance: u32) -> vec2<f32> {
    let here = hidden[hidden_at(unit, 0u, point, instance)];
    let there = hidden[hidden_at(unit, 1u, point, instance)];
    let part = hidden[hidden_at(unit, 2u, point, instance)];
    let own = told.along * (params.discount * there - here) + told.error * (1.0 - here * here) * part;
    return vec2<f32>(own, told.error * here);
}

fn update_outputs(now: Told, old: Told, instance: u32) {
    for (var unit = 0u; unit < params.units; unit++) {
        var before = vec2<f32>(0.0);
        if (params.is_reduced == 1u) {
            before = output_gradient(unit, OLD, old, instance);
        }
        update(output_at(unit, instance), output_gradient(unit, NEW, now, instance), before);
    }
}
