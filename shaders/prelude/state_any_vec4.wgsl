// Values for rows and, of f32 or f16, for elements; four columns at a time, in pairs of words.
alias StateElem = vec2<u32>;

fn load_row_state(at: u32) -> vec4<u32> {
    return vec4<u32>(state[at / 2u], state[at / 2u + 1u]);
}

fn store_row_state(at: u32, values: vec4<u32>) {
    state[at / 2u] = values.xy;
    state[at / 2u + 1u] = values.zw;
}

fn load_values(at: u32, column: u32) -> vec4<f32> {
    if (params.state_type == TYPE_F32) {
        let pair = (at + column) / 2u;
        return bitcast<vec4<f32>>(vec4<u32>(state[pair], state[pair + 1u]));
    }
    let words = state[(at + column / 2u) / 2u];
    return vec4<f32>(unpack_pair(words.x, params.state_type), unpack_pair(words.y, params.state_type));
}

fn store_values(at: u32, column: u32, v: vec4<f32>) {
    if (params.state_type == TYPE_F32) {
        let pair = (at + column) / 2u;
        let words = bitcast<vec4<u32>>(v);
        state[pair] = words.xy;
        state[pair + 1u] = words.zw;
    } else {
        state[(at + column / 2u) / 2u] = pack_nearest(v, params.state_type);
    }
}

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    var value: ElementState;
    value.a = load_values(at, column);
    if (ELEMENT_VALUES > 1u) {
        value.b = load_values(at + block, column);
    }
    return value;
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {
    store_values(at, column, value.a);
    if (ELEMENT_VALUES > 1u) {
        store_values(at + block, column, value.b);
    }
}
