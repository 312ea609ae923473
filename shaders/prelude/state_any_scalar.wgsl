// Values for rows and, of f32 or f16, for elements; up to four columns at a time, `left` are left in the row.
alias StateElem = u32;

fn load_row_state(at: u32) -> vec4<u32> {
    var values = vec4<u32>();
    for (var i = 0u; i < ROW_VALUES; i++) {
        values[i] = state[at + i];
    }
    return values;
}

fn store_row_state(at: u32, values: vec4<u32>) {
    for (var i = 0u; i < ROW_VALUES; i++) {
        state[at + i] = values[i];
    }
}

fn load_values(at: u32, column: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>();
    let count = min(left, 4u);
    if (params.state_type == TYPE_F32) {
        for (var i = 0u; i < count; i++) {
            v[i] = bitcast<f32>(state[at + column + i]);
        }
        return v;
    }
    for (var i = 0u; i < count; i += 2u) {
        let pair = unpack_pair(state[at + (column + i) / 2u], params.state_type);
        v[i] = pair.x;
        v[i + 1u] = pair.y;
    }
    return v;
}

fn store_values(at: u32, column: u32, left: u32, v: vec4<f32>) {
    let count = min(left, 4u);
    if (params.state_type == TYPE_F32) {
        for (var i = 0u; i < count; i++) {
            state[at + column + i] = bitcast<u32>(v[i]);
        }
        return;
    }
    let words = pack_nearest(v, params.state_type);
    // what lies behind an odd block's end belongs to it
    state[at + column / 2u] = select(words.x, words.x & 0xffffu, count == 1u);
    if (count > 2u) {
        state[at + column / 2u + 1u] = select(words.y, words.y & 0xffffu, count == 3u);
    }
}

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    var value: ElementState;
    value.a = load_values(at, column, left);
    if (ELEMENT_VALUES > 1u) {
        value.b = load_values(at + block, column, left);
    }
    return value;
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {
    store_values(at, column, left, value.a);
    if (ELEMENT_VALUES > 1u) {
        store_values(at + block, column, left, value.b);
    }
}
