// Rows from all over a window next to each other (packed), or packed rows to their places.
@group(0) @binding(0) var<storage, read> places: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<Elem>;
@group(0) @binding(2) var<storage, read_write> out: array<Elem>;

struct Params {
    // rows to move, and where their numbers begin in `places`
    rows: u32,
    first_place: u32,
    // the rows of the table that lie in this window: others are left alone
    window_first: u32,
    window_rows: u32,
    // the rest in elements of the variant's width: of a row, and where the table's and the packed rows begin
    cols: u32,
    table_base: u32,
    packed_base: u32,
    // 1: from packed rows to their places
    scatter: u32,
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
    // rows before the window wrap around and are beyond it too
    let row = places[params.first_place + i / params.cols] - params.window_first;
    if (row >= params.window_rows) {
        return;
    }
    let there = params.table_base + row * params.cols + i % params.cols;
    let packed = params.packed_base + i;
    if (params.scatter == 1u) {
        out[there] = source[packed];
    } else {
        out[packed] = source[there];
    }
}
