// Words in another order, or the order itself the other way round.
@group(0) @binding(0) var<storage, read> status: Status;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

struct Params {
    len: u32,
    // 1: where each position stands; `source` is not read
    inverse: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
    let position = positions[i];
    if (params.inverse == 1u) {
        out[position] = i;
    } else {
        out[i] = source[position];
    }
}
