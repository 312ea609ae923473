struct Params {
    // rows in this dispatch, no fewer than there are, and the first of them
    rows: u32,
    first: u32,
    dim: u32,
    // threads for a row
    lanes: u32,
    // 1: the pieces of long segments lie in `partials`, `stride` vec4s apart
    split: u32,
    stride: u32,
    // limit of a gradient's values; 0: none
    clip_value: f32,
    // element of the first row in `out`, and elements from row to row
    out_base: u32,
    out_stride: u32,
}

// Gradients may be clipped.
const EXTRAS: bool = true;

// A row of the gradient and its sorted terms.
struct Row {
    begin: u32,
    end: u32,
    dim: u32,
}
