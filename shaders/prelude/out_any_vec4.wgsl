// Four columns of `out`, of any type, from element `e` on.
alias OutElem = vec2<u32>;

fn load_out(e: u32, left: u32) -> vec4<f32> {
    if (params.out_type == TYPE_F32) {
        return bitcast<vec4<f32>>(vec4<u32>(out[e / 2u], out[e / 2u + 1u]));
    }
    let words = out[e / 4u];
    return vec4<f32>(unpack_pair(words.x, params.out_type), unpack_pair(words.y, params.out_type));
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    if (params.out_type == TYPE_F32) {
        let words = bitcast<vec4<u32>>(v);
        out[e / 2u] = words.xy;
        out[e / 2u + 1u] = words.zw;
    } else {
        out[e / 4u] = pack_nearest(v, params.out_type);
    }
}
