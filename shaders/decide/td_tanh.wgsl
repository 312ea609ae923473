// A value that is the sum of tanh units with weights of their own. The entries are the units' weights of the
// features, unit after unit, and then the weights of the units. `hidden` has for each unit its output in the
// state and in the next, and what its features' part of omega comes to, with the new entries and then with
// the old ones. A unit's own weight is stepped with after all that asks for it before the step.

struct Hidden {
    here: vec2<f32>,
    there: vec2<f32>,
    part: vec2<f32>,
}

fn hidden_at(unit: u32, which: u32, instance: u32) -> u32 {
    return (unit * 6u + which) * params.instances + instance;
}

fn pair_of(unit: u32, which: u32, instance: u32) -> vec2<f32> {
    return vec2<f32>(hidden[hidden_at(unit, which, instance)], hidden[hidden_at(unit, which + 3u, instance)]);
}

fn keep_pair(unit: u32, which: u32, instance: u32, pair: vec2<f32>) {
    hidden[hidden_at(unit, which, instance)] = pair.x;
    if (params.is_reduced == 1u) {
        hidden[hidden_at(unit, which + 3u, instance)] = pair.y;
    }
}

fn kept(unit: u32, instance: u32) -> Hidden {
    return Hidden(pair_of(unit, 0u, instance), pair_of(unit, 1u, instance), pair_of(unit, 2u, instance));
}

fn output_at(unit: u32, instance: u32) -> u32 {
    return (params.units * params.features + unit) * params.instances + instance;
}

fn tanh_pair(x: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(tanh_exact(x.x), tanh_exact(x.y));
}

fn sums(instance: u32) -> Sums {
    var sums = Sums();
    for (var unit = 0u; unit < params.units; unit++) {
        let weighted = weighted(unit * params.features, instance);
        let here = tanh_pair(weighted.value);
        let there = tanh_pair(weighted.later);
        keep_pair(unit, 0u, instance, here);
        keep_pair(unit, 1u, instance, there);
        keep_pair(unit, 2u, instance, weighted.along);
        let output = entry(output_at(unit, instance));
        sums.value += output.theta * here;
        sums.later += output.theta * there;
        // added one by one: drivers may take the common factor out of the two
        sums.along += output.omega * here;
        sums.along += output.theta * (1.0 - here * here) * weighted.along;
    }
    return sums;
}

// What the gradients of a unit's entries are made of: its features, and what they are multiplied by.
fn slopes(unit: u32, told: Told, instance: u32) -> Slopes {
    let hidden = kept(unit, instance);
    let output = entry(output_at(unit, instance));
    let slope = 1.0 - hidden.here * hidden.here;
    // the second derivatives times omega, but for the slope: drivers take common factors out of sums
    let bend = output.omega - 2.0 * output.theta * hidden.here * hidden.part;
    return Slopes(
        slope * (told.error * bend - told.along * output.theta),
        params.discount * told.along * output.theta * (1.0 - hidden.there * hidden.there),
        told.error * output.theta * slope,
    );
}

fn blocks() -> u32 {
    return params.units;
}

fn update_outputs(told: Told, instance: u32) {
    for (var unit = 0u; unit < params.units; unit++) {
        let hidden = kept(unit, instance);
        let own = told.along * (params.discount * hidden.there - hidden.here)
            + told.error * (1.0 - hidden.here * hidden.here) * hidden.part;
        let at = output_at(unit, instance);
        advance(at);
        take_in(at, own, told.error * hidden.here);
    }
}
