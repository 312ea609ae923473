// Two jagged tensors of [features, batch] segments, one of which is made of segments of the other. Threads walk one of
// them; its segment (feature f, example b) belongs to segment (feature order[f], example first + b) of the other.
struct Params {
    // values of the tensor that is walked, its segments and examples
    len: u32,
    segments: u32,
    batch: u32,
    // examples of the other tensor, and the one where the walked tensor's begin
    other_batch: u32,
    first: u32,
    // 0: the walked tensor is made of the other; 1: it becomes a part of the other
    scatter: u32,
    // values that count as one in a length, the last of a segment also if they are fewer
    piece: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

fn other_segment(s: u32) -> u32 {
    return order[s / params.batch] * params.other_batch + params.first + s % params.batch;
}
