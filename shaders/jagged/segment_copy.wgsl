// Copies the values of segments, one word a thread.
@group(0) @binding(0) var<storage, read> status: Status;
// offsets of the tensor that is walked, and of the other
@group(0) @binding(1) var<storage, read> begins: array<u32>;
@group(0) @binding(2) var<storage, read> other_begins: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> source: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let segment = find_segment(i, 0u, params.segments);
    let other = other_begins[other_segment(segment)] + (i - begins[segment]);
    if (params.scatter == 1u) {
        out[other] = source[i];
    } else {
        out[i] = source[other];
    }
}
