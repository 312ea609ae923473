// 8-bit codes of values: clamp(round(v * inverse) + zero_point, 0, 255), ties to even; of a NaN 0.
fn codes4(v: vec4<f32>, inverse: f32, zero_point: u32) -> vec4<u32> {
    let t = v * inverse;
    let is_nan = (bitcast<vec4<u32>>(t) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
    let inside = clamp(select(t, vec4<f32>(-512.0), is_nan), vec4<f32>(-512.0), vec4<f32>(512.0));
    let shifted = vec4<i32>(round(inside)) + vec4<i32>(i32(zero_point));
    return vec4<u32>(clamp(shifted, vec4<i32>(0), vec4<i32>(255)));
}

fn packed4(codes: vec4<u32>) -> u32 {
    return codes.x | (codes.y << 8u) | (codes.z << 16u) | (codes.w << 24u);
}
