// Writes places as gaps or as bits; the words are zeros before.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.len) {
        return;
    }
    if (params.coding == CODING_BITS) {
        let place = indices[params.first + i];
        atomicOr(&words[place / 32u], 1u << (place % 32u));
    } else {
        let between = gap(i);
        // the zeros for whole 255s are there
        let byte = offsets[i] + between / 255u;
        atomicOr(&words[byte / 4u], (between % 255u + 1u) << (byte % 4u * 8u));
    }
}
