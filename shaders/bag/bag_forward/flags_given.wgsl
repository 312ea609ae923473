// What a call asks for, by its parameters.

fn weighted() -> bool {
    return params.weighted == 1u;
}

// How much an id that is no row counts.
fn pruned(id: u32) -> u32 {
    return select(0u, 1u, params.pruned == 1u && id == NONE);
}

// Whether nothing was written for a feature before.
fn is_first(feature: Feature) -> bool {
    return feature.initial == 1u;
}
