// Where the layers of a loop-free process lie among states, pairs of state and action, and moves to a next state.

// Of layer k: how many states, and the numbers of its first state, pair and move.
fn states_of(k: u32) -> u32 {
    return places[4u * k];
}

fn first_state(k: u32) -> u32 {
    return places[4u * k + 1u];
}

fn first_pair(k: u32) -> u32 {
    return places[4u * k + 2u];
}

fn first_move(k: u32) -> u32 {
    return places[4u * k + 3u];
}
