// Four columns of `table` at element `e`.
alias TableElem = Elem;

fn load_table(e: u32, left: u32) -> vec4<f32> {
    return table[e / 4u];
}

fn store_table(e: u32, left: u32, v: vec4<f32>, row_random: u32, column: u32) {
    table[e / 4u] = v;
}
