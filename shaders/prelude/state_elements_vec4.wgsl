// Values of f32 for elements, four columns at a time.
alias StateElem = vec4<u32>;

fn load_row_state(at: u32) -> vec4<u32> {
    return state[at / 4u];
}

fn store_row_state(at: u32, values: vec4<u32>) {
    state[at / 4u] = values;
}

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    var value: ElementState;
    value.a = bitcast<vec4<f32>>(state[(at + column) / 4u]);
    if (ELEMENT_VALUES > 1u) {
        value.b = bitcast<vec4<f32>>(state[(at + block + column) / 4u]);
    }
    return value;
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {
    state[(at + column) / 4u] = bitcast<vec4<u32>>(value.a);
    if (ELEMENT_VALUES > 1u) {
        state[(at + block + column) / 4u] = bitcast<vec4<u32>>(value.b);
    }
}
