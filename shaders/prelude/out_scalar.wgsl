// Up to four columns of `out` from element `e` on; `left` columns are left in the row.
alias OutElem = Elem;

fn load_out(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(out[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = out[e + 1u];
    }
    if (left > 2u) {
        v.z = out[e + 2u];
    }
    if (left > 3u) {
        v.w = out[e + 3u];
    }
    return v;
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    out[e] = v.x;
    if (left > 1u) {
        out[e + 1u] = v.y;
    }
    if (left > 2u) {
        out[e + 2u] = v.z;
    }
    if (left > 3u) {
        out[e + 3u] = v.w;
    }
}
