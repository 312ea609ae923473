alias Weight = Elem;

// Four values of `b` at an element that is a multiple of 4.
fn load_b(e: u32, left: u32) -> vec4<f32> {
    return b[e / 4u];
}
