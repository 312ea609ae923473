// Four columns of `out` at element `e`.
alias OutElem = Elem;

fn load_out(e: u32, left: u32) -> vec4<f32> {
    return out[e / 4u];
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    out[e / 4u] = v;
}
