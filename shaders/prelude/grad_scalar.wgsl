// Up to four columns of `grad` from element `e` on; `left` columns are left in the row.
fn load_grad(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(grad[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = grad[e + 1u];
    }
    if (left > 2u) {
        v.z = grad[e + 2u];
    }
    if (left > 3u) {
        v.w = grad[e + 3u];
    }
    return v;
}
