// Values of f32 for elements, up to four columns at a time; `left` columns are left in the row.
alias StateElem = u32;

fn load_row_state(at: u32) -> vec4<u32> {
    return vec4<u32>(state[at], state[at + 1u], state[at + 2u], state[at + 3u]);
}

fn store_row_state(at: u32, values: vec4<u32>) {
    for (var i = 0u; i < 4u; i++) {
        state[at + i] = values[i];
    }
}

fn load_values(at: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(bitcast<f32>(state[at]), 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = bitcast<f32>(state[at + 1u]);
    }
    if (left > 2u) {
        v.z = bitcast<f32>(state[at + 2u]);
    }
    if (left > 3u) {
        v.w = bitcast<f32>(state[at + 3u]);
    }
    return v;
}

fn store_values(at: u32, left: u32, v: vec4<f32>) {
    state[at] = bitcast<u32>(v.x);
    if (left > 1u) {
        state[at + 1u] = bitcast<u32>(v.y);
    }
    if (left > 2u) {
        state[at + 2u] = bitcast<u32>(v.z);
    }
    if (left > 3u) {
        state[at + 3u] = bitcast<u32>(v.w);
    }
}

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    var value: ElementState;
    value.a = load_values(at + column, left);
    if (ELEMENT_VALUES > 1u) {
        value.b = load_values(at + block + column, left);
    }
    return value;
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {
    store_values(at + column, left, value.a);
    if (ELEMENT_VALUES > 1u) {
        store_values(at + block + column, left, value.b);
    }
}
