// Four values of `a` at an element that is a multiple of 4.
fn load_a(e: u32, left: u32) -> vec4<f32> {
    return a[e / 4u];
}
