// For each word of a code: its entries, and the places that it covers.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + lane;
    if (i >= params.words) {
        return;
    }
    let word = words[i];
    if (params.coding == CODING_BITS) {
        entries[i] = countOneBits(word);
        places[i] = 32u;
        return;
    }
    let bytes = (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
    let entry = bytes != vec4<u32>(0u);
    let found = select(vec4<u32>(0u), vec4<u32>(1u), entry);
    let covered = select(vec4<u32>(255u), bytes, entry);
    entries[i] = found.x + found.y + found.z + found.w;
    places[i] = covered.x + covered.y + covered.z + covered.w;
}
