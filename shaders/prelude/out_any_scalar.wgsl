// Up to four columns of `out`, of any type, from element `e` on; `left` columns are left in the row. Rows of
// 16-bit elements begin at whole words.
alias OutElem = u32;

fn load_out(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if (params.out_type == TYPE_F32) {
        v.x = bitcast<f32>(out[e]);
        if (left > 1u) {
            v.y = bitcast<f32>(out[e + 1u]);
        }
        if (left > 2u) {
            v.z = bitcast<f32>(out[e + 2u]);
        }
        if (left > 3u) {
            v.w = bitcast<f32>(out[e + 3u]);
        }
        return v;
    }
    let first = unpack_pair(out[e / 2u], params.out_type);
    v.x = first.x;
    v.y = select(0.0, first.y, left > 1u);
    if (left > 2u) {
        let second = unpack_pair(out[e / 2u + 1u], params.out_type);
        v.z = second.x;
        v.w = select(0.0, second.y, left > 3u);
    }
    return v;
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    if (params.out_type == TYPE_F32) {
        out[e] = bitcast<u32>(v.x);
        if (left > 1u) {
            out[e + 1u] = bitcast<u32>(v.y);
        }
        if (left > 2u) {
            out[e + 2u] = bitcast<u32>(v.z);
        }
        if (left > 3u) {
            out[e + 3u] = bitcast<u32>(v.w);
        }
        return;
    }
    let words = pack_nearest(v, params.out_type);
    // what lies behind an odd row's end belongs to it
    out[e / 2u] = select(words.x, words.x & 0xffffu, left == 1u);
    if (left > 2u) {
        out[e / 2u + 1u] = select(words.y, words.y & 0xffffu, left == 3u);
    }
}
