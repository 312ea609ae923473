// Up to four columns of `y` from element `e` on; `left` columns are left in the row.
fn load_y(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(y[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = y[e + 1u];
    }
    if (left > 2u) {
        v.z = y[e + 2u];
    }
    if (left > 3u) {
        v.w = y[e + 3u];
    }
    return v;
}
