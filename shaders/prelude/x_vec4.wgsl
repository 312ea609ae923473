// Four columns of `x` at element `e`.
fn load_x(e: u32, left: u32) -> vec4<f32> {
    return x[e / 4u];
}
