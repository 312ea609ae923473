// Values for rows alone.
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

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    return ElementState();
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {}
