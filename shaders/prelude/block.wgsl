// The pieces that products are made of.

// Four by four values of an operand: for each of four k those of four rows of `a`, or of four columns of `b`.
struct Block {
    k0: vec4<f32>,
    k1: vec4<f32>,
    k2: vec4<f32>,
    k3: vec4<f32>,
}

fn transposed(x: vec4<f32>, y: vec4<f32>, z: vec4<f32>, w: vec4<f32>) -> Block {
    return Block(
        vec4<f32>(x.x, y.x, z.x, w.x),
        vec4<f32>(x.y, y.y, z.y, w.y),
        vec4<f32>(x.z, y.z, z.z, w.z),
        vec4<f32>(x.w, y.w, z.w, w.w),
    );
}

// Four by four values of the output, by rows.
struct Tile {
    r0: vec4<f32>,
    r1: vec4<f32>,
    r2: vec4<f32>,
    r3: vec4<f32>,
}
