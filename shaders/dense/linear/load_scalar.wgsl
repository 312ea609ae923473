// Up to four values of `a` from element `e` on; `left` are left in the row.
fn load_a(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(a[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = a[e + 1u];
    }
    if (left > 2u) {
        v.z = a[e + 2u];
    }
    if (left > 3u) {
        v.w = a[e + 3u];
    }
    return v;
}
