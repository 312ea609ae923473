// Optimizers without state.
alias StateElem = u32;

fn load_row_state(at: u32) -> vec4<u32> {
    return vec4<u32>();
}

fn store_row_state(at: u32, values: vec4<u32>) {}

fn load_element_state(at: u32, block: u32, column: u32, left: u32) -> ElementState {
    return ElementState();
}

fn store_element_state(at: u32, block: u32, column: u32, left: u32, value: ElementState) {}
