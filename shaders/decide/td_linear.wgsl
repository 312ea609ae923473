// A value that is linear in the features. `hidden` is not used.

fn sums(point: u32, instance: u32) -> Sums {
    let n = params.instances;
    var value = 0.0;
    var later = 0.0;
    var along = 0.0;
    for (var f = 0u; f < params.features; f++) {
        let x = feature(f, instance);
        let at = f * n + instance;
        let own = theta_at(at, point);
        value += own * x;
        later += own * next_feature(f, instance);
        along += omega_at(at, point) * x;
    }
    return Sums(value, later, along);
}

// What the gradients of an entry are made of: its features, and what they are multiplied by.
fn slopes(block: u32, point: u32, told: Told, instance: u32) -> Slopes {
    return Slopes(-told.along, params.discount * told.along, told.error);
}

fn blocks() -> u32 {
    return 1u;
}

fn update_outputs(now: Told, old: Told, instance: u32) {
}
