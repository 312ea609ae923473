// Four columns of `activated` at element `e`.
fn load_activated(e: u32, left: u32) -> vec4<f32> {
    return activated[e / 4u];
}
