// Two jagged tensors of [features, batch] segments, one of which is made of segments of the other. Threads
// walk one of them; its segment (feature f, example b) belongs to segment (feature order[f], example first +
// b) of the other.
fn other_segment(s: u32) -> u32 {
    return order[s / params.batch] * params.other_batch + params.first + s % params.batch;
}
