// What was loaded of a term's gradient, times its factor.
fn weighted(loaded: vec4<f32>, factor: u32) -> vec4<f32> {
    var g = loaded;
    if (EXTRAS && params.clip_value > 0.0) {
        g = clipped(g, params.clip_value);
    }
    return g * bitcast<f32>(factor);
}

// Four columns of a term's gradient.
fn term_grad(term: vec2<u32>, column: u32, left: u32) -> vec4<f32> {
    return weighted(load_grad(term.x + column, left), term.y);
}
