// Up to four columns of `table` from element `e` on; `left` columns are left in the row.
alias TableElem = Elem;

fn load_table(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(table[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = table[e + 1u];
    }
    if (left > 2u) {
        v.z = table[e + 2u];
    }
    if (left > 3u) {
        v.w = table[e + 3u];
    }
    return v;
}

fn store_table(e: u32, left: u32, v: vec4<f32>, row_random: u32, column: u32) {
    table[e] = v.x;
    if (left > 1u) {
        table[e + 1u] = v.y;
    }
    if (left > 2u) {
        table[e + 2u] = v.z;
    }
    if (left > 3u) {
        table[e + 3u] = v.w;
    }
}
