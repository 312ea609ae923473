// Rows of differing dimensions, one after the other or each in a row of a matrix, whose columns behind the row's own
// become 0. `lanes` threads share a row.
@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<Elem>;
@group(0) @binding(4) var<storage, read_write> out: array<Elem>;

struct Params {
    len: u32,
    parts: u32,
    // the keys of the window's rows
    key_begin: u32,
    key_end: u32,
    lanes: u32,
    // 1: a matrix; 0: one after the other, and row i begins where offsets[i] says
    matrix: u32,
    // of the matrix, in elements of the variant's width
    cols: u32,
    out_base: u32,
    out_stride: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    let i = index / params.lanes;
    if (i >= params.len) {
        return;
    }
    let key = keys[i];
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    let part = parts[find_part(key)];
    let dim = part.dim / WIDTH;
    let source = (part.base + (key - part.key_first) * part.stride) / WIDTH;
    var to = params.out_base + i * params.out_stride;
    var cols = params.cols;
    if (params.matrix == 0u) {
        to = offsets[i] / WIDTH;
        cols = dim;
    }
    for (var column = index % params.lanes; column < cols; column += params.lanes) {
        var value = Elem();
        if (column < dim) {
            value = rows[source + column];
        }
        out[to + column] = value;
    }
}
