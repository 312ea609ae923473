// What calls ask for, known when the pipeline is built.
override WEIGHTED: u32;
override PRUNED: u32;
override INITIAL: u32;

fn weighted() -> bool {
    return WEIGHTED == 1u;
}

// How much an id that is no row counts.
fn pruned(id: u32) -> u32 {
    return select(0u, 1u, PRUNED == 1u && id == NONE);
}

// Whether nothing was written for a feature before.
fn is_first(feature: Feature) -> bool {
    return INITIAL == 1u || feature.initial == 1u;
}
