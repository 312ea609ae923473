// Four codes of one row with those of four outputs, one k after the other.
fn bytes_at(words: vec4<u32>, left: u32) -> vec4<i32> {
    return bitcast<vec4<i32>>(words << vec4<u32>(left)) >> vec4<u32>(24u);
}

fn dots(a: u32, b: vec4<u32>) -> vec4<i32> {
    let x = bytes_at(vec4<u32>(a, a << 8u, a << 16u, a << 24u), 0u);
    return x.w * bytes_at(b, 24u) + x.z * bytes_at(b, 16u) + x.y * bytes_at(b, 8u) + x.x * bytes_at(b, 0u);
}
