// Values of a gradient, none larger than a limit; a NaN stays one. By their bits: comparisons with a NaN are
// left to the device.
fn clipped(g: vec4<f32>, limit: f32) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(g);
    let size = bits & vec4<u32>(0x7fffffffu);
    let beyond = (size > vec4<u32>(bitcast<u32>(limit))) & (size <= vec4<u32>(0x7f800000u));
    let ends = bitcast<vec4<f32>>((bits & vec4<u32>(0x80000000u)) | vec4<u32>(bitcast<u32>(limit)));
    return select(g, ends, beyond);
}
