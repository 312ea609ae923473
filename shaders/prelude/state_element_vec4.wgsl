// One value of state for an element, laid out like the weights.
alias StateElem = Elem;

fn load_row_state(at: u32) -> f32 {
    return 0.0;
}

fn store_row_state(at: u32, value: f32) {}

fn load_element_state(at: u32, left: u32) -> vec4<f32> {
    return state[at / 4u];
}

fn store_element_state(at: u32, left: u32, value: vec4<f32>) {
    state[at / 4u] = value;
}
