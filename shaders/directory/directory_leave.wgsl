// Rows that leave become free.
@group(0) @binding(0) var<storage, read> credit: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> row_ids: array<u32>;
@group(0) @binding(3) var<storage, read_write> left: array<u32>;
@group(0) @binding(4) var<storage, read_write> gone: array<u32>;

struct Params {
    // rows that leave, as far as they may: those whose credit is NONE come last, and stay
    len: u32,
    // rows that were left before
    before: u32,
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
    let leaves = credit[i] != NONE;
    if (leaves) {
        row_ids[rows[i]] = 0u;
        left[params.before + i] = rows[i];
    }
    // the last one that leaves knows how many did
    var next = false;
    if (i + 1u < params.len) {
        next = credit[i + 1u] != NONE;
    }
    if (leaves && !next) {
        gone[0] = i + 1u;
    }
    if (i == 0u && !leaves) {
        gone[0] = 0u;
    }
}
