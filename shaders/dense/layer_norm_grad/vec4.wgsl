// Four columns at a time: every beginning, stride and dim is a multiple of four.
fn load_grad(e: u32, left: u32) -> vec4<f32> {
    return grad[e / 4u];
}

fn load_normal(e: u32, left: u32) -> vec4<f32> {
    return normal[e / 4u];
}

fn load_affine(e: u32, left: u32) -> vec4<f32> {
    return affine[e / 4u];
}

fn store_slices(e: u32, left: u32, v: vec4<f32>) {
    slices[e / 4u] = v;
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    out[e / 4u] = v;
}

fn store_through(e: u32, left: u32, v: vec4<f32>) {
    through[e / 4u] = v;
}
