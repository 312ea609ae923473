struct Params {
    // rows of values, and segments
    len: u32,
    segments: u32,
    // rows of the dense matrix that are bound, and the segment of their first
    rows: u32,
    first: u32,
    // places of a dense row; what is longer is cut off
    longest: u32,
    // the rest in elements of the variant's width
    dim: u32,
    values_base: u32,
    values_stride: u32,
    dense_base: u32,
    dense_stride: u32,
    // what stands where a segment has no value
    padding: f32,
}
@group(1) @binding(0) var<uniform> params: Params;
