// One value of state for an element, laid out like the weights.
alias StateElem = Elem;

fn load_row_state(at: u32) -> f32 {
    return 0.0;
}

fn store_row_state(at: u32, value: f32) {}

fn load_element_state(at: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(state[at], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = state[at + 1u];
    }
    if (left > 2u) {
        v.z = state[at + 2u];
    }
    if (left > 3u) {
        v.w = state[at + 3u];
    }
    return v;
}

fn store_element_state(at: u32, left: u32, value: vec4<f32>) {
    state[at] = value.x;
    if (left > 1u) {
        state[at + 1u] = value.y;
    }
    if (left > 2u) {
        state[at + 2u] = value.z;
    }
    if (left > 3u) {
        state[at + 3u] = value.w;
    }
}
