alias Weight = Elem;

// Up to four values of `b` from element `e` on; `left` are left in the row.
fn load_b(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(b[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = b[e + 1u];
    }
    if (left > 2u) {
        v.z = b[e + 2u];
    }
    if (left > 3u) {
        v.w = b[e + 3u];
    }
    return v;
}
