// Counters that ids share (a count-min sketch): an id has one in each half, and the smaller is never less
// than how often it was seen.
fn counter_of(id: u32, half: u32, width: u32) -> u32 {
    return half * width + mix(id + half * 0x9e3779b9u) % width;
}
