// Counts the rows in use and the ids that found none, after new ids were admitted.
@group(0) @binding(0) var<storage, read> total: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;

struct Params {
    // rows
    capacity: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if (group_index(group, groups) * WORKGROUP + thread > 0u) {
        return;
    }
    let admitted = min(total[0], params.capacity - counts[0]);
    counts[0] += admitted;
    counts[1] += total[0] - admitted;
}
