// Ids that were not seen often enough are not admitted.
@group(0) @binding(0) var<storage, read> counters: array<u32>;
@group(0) @binding(1) var<storage, read_write> unknown: array<u32>;

struct Params {
    len: u32,
    // counters of each half
    width: u32,
    // times that an id must have been seen
    least: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len || unknown[i] == NONE) {
        return;
    }
    let first = counters[counter_of(unknown[i], 0u, params.width)];
    let second = counters[counter_of(unknown[i], 1u, params.width)];
    if (min(first, second) < params.least) {
        unknown[i] = NONE;
    }
}
