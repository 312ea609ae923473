// Four columns of `table`, of any type, from element `e` on.
alias TableElem = vec2<u32>;

fn load_table(e: u32, left: u32) -> vec4<f32> {
    if (params.table_type == TYPE_F32) {
        return bitcast<vec4<f32>>(vec4<u32>(table[e / 2u], table[e / 2u + 1u]));
    }
    let words = table[e / 4u];
    return vec4<f32>(unpack_pair(words.x, params.table_type), unpack_pair(words.y, params.table_type));
}

fn store_table(e: u32, left: u32, v: vec4<f32>, row_random: u32, column: u32) {
    if (params.table_type == TYPE_F32) {
        let words = bitcast<vec4<u32>>(v);
        table[e / 2u] = words.xy;
        table[e / 2u + 1u] = words.zw;
    } else {
        table[e / 4u] = round_columns(v, row_random, column);
    }
}
