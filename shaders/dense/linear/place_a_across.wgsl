// Which block of a tile a thread loads, in m and in k: neighbours read side by side.
fn place_a(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread % (TILE_M / 4u), thread / (TILE_M / 4u));
}
