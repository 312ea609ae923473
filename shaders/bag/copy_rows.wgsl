// Copies a matrix from one place to another: rows of a gradient next to each other.
@group(0) @binding(0) var<storage, read> source: array<Elem>;
@group(0) @binding(1) var<storage, read_write> out: array<Elem>;

struct Params {
    rows: u32,
    // the rest in elements of the variant's width
    cols: u32,
    source_base: u32,
    source_stride: u32,
    out_base: u32,
    out_stride: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.rows * params.cols) {
        return;
    }
    let row = i / params.cols;
    let column = i % params.cols;
    let place = params.source_base + row * params.source_stride + column;
    out[params.out_base + row * params.out_stride + column] = source[place];
}
