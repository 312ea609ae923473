// Which block of a tile a thread loads, in n and in k: neighbours read side by side.
fn place_b(thread: u32) -> vec2<u32> {
    return vec2<u32>(thread % (TILE_N / 4u), thread / (TILE_N / 4u));
}
