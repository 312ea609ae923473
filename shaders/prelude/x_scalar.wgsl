// Up to four columns of `x` from element `e` on; `left` columns are left in the row.
fn load_x(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(x[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = x[e + 1u];
    }
    if (left > 2u) {
        v.z = x[e + 2u];
    }
    if (left > 3u) {
        v.w = x[e + 3u];
    }
    return v;
}
