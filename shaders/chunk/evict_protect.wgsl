// Rows of a batch do not leave.
@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read_write> credit: array<atomic<u32>>;

struct Params {
    // ids of the table's feature, and the first of them
    len: u32,
    first: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i < params.len && rows[params.first + i] != NONE) {
        atomicStore(&credit[rows[params.first + i]], NONE);
    }
}
