// Which of four columns are left in the row.
fn inside(left: u32) -> vec4<bool> {
    return vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left);
}
