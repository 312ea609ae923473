// Marks the chunks with slots of the rows that leave; one mark more than chunks, which is 0.
@group(0) @binding(0) var<storage, read> credit: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> slots: array<u32>;
@group(0) @binding(3) var<storage, read_write> marks: array<u32>;

struct Params {
    // rows that leave, as far as they may
    len: u32,
    chunks: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    let all = params.len * params.chunks;
    if (i > all) {
        return;
    }
    var mark = false;
    if (i < all) {
        let row = i / params.chunks;
        mark = credit[row] != NONE && slots[rows[row] * params.chunks + i % params.chunks] != NONE;
    }
    marks[i] = u32(mark);
}
