// Up to four columns at a time; zeros where there are none.
fn load_grad(e: u32, left: u32) -> vec4<f32> {
    let last = e + min(left, 4u) - 1u;
    let v = vec4<f32>(grad[e], grad[min(e + 1u, last)], grad[min(e + 2u, last)], grad[min(e + 3u, last)]);
    return select(vec4<f32>(), v, inside(left));
}

fn load_normal(e: u32, left: u32) -> vec4<f32> {
    let last = e + min(left, 4u) - 1u;
    let v = vec4<f32>(normal[e], normal[min(e + 1u, last)], normal[min(e + 2u, last)], normal[min(e + 3u, last)]);
    return select(vec4<f32>(), v, inside(left));
}

fn load_affine(e: u32, left: u32) -> vec4<f32> {
    let last = e + min(left, 4u) - 1u;
    let v = vec4<f32>(affine[e], affine[min(e + 1u, last)], affine[min(e + 2u, last)], affine[min(e + 3u, last)]);
    return select(vec4<f32>(), v, inside(left));
}

fn store_slices(e: u32, left: u32, v: vec4<f32>) {
    for (var i = 0u; i < min(left, 4u); i++) {
        slices[e + i] = v[i];
    }
}

fn store_out(e: u32, left: u32, v: vec4<f32>) {
    for (var i = 0u; i < min(left, 4u); i++) {
        out[e + i] = v[i];
    }
}

fn store_through(e: u32, left: u32, v: vec4<f32>) {
    for (var i = 0u; i < min(left, 4u); i++) {
        through[e + i] = v[i];
    }
}
