// Tables and state of any type, and the extras: clipped and scaled gradients, limited norms.
const EXTRAS: bool = true;

// The 16-bit words of four new columns; see types.wgsl.
fn round_columns(v: vec4<f32>, row_random: u32, column: u32) -> vec2<u32> {
    if (params.stochastic == 0u) {
        return pack_nearest(v, params.table_type);
    }
    var bits: vec4<u32>;
    for (var i = 0u; i < 4u; i++) {
        bits[i] = stochastic(v[i], params.table_type, mix(row_random ^ (column + i)));
    }
    return vec2<u32>(bits.x | (bits.y << 16u), bits.z | (bits.w << 16u));
}
