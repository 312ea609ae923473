// The slots of each row's chunks, one chunk of all rows after the other.
@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

struct Params {
    len: u32,
    // chunks of a row, and the first of the table
    chunks: u32,
    first_chunk: u32,
    // where the output begins
    out_first: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let row = rows[i];
    for (var c = 0u; c < params.chunks; c++) {
        var slot = NONE;
        if (row != NONE) {
            slot = slots[params.first_chunk + row * params.chunks + c];
        }
        out[params.out_first + c * params.len + i] = slot;
    }
}
