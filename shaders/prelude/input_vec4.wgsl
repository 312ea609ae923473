// Four columns of `input` at element `e`.
fn load_input(e: u32, left: u32) -> vec4<f32> {
    return input[e / 4u];
}
