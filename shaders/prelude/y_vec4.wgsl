// Four columns of `y` at element `e`.
fn load_y(e: u32, left: u32) -> vec4<f32> {
    return y[e / 4u];
}
