// Four columns of a term's gradient.
fn term_grad(term: vec2<u32>, column: u32, left: u32) -> vec4<f32> {
    var g = load_grad(term.x + column, left);
    if (EXTRAS && params.clip_value > 0.0) {
        g = clipped(g, params.clip_value);
    }
    return g * bitcast<f32>(term.y);
}
