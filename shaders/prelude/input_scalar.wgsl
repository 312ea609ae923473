// Up to four columns of `input` from element `e` on; `left` columns are left in the row.
fn load_input(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(input[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = input[e + 1u];
    }
    if (left > 2u) {
        v.z = input[e + 2u];
    }
    if (left > 3u) {
        v.w = input[e + 3u];
    }
    return v;
}
