// How much an id that is no row counts.
fn pruned(id: u32) -> u32 {
    return select(0u, 1u, params.pruned == 1u && id == NONE);
}
