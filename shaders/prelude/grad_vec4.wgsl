// Four columns of `grad` at element `e`.
fn load_grad(e: u32, left: u32) -> vec4<f32> {
    return grad[e / 4u];
}
