// The places of the entries of a code, whose words know how many entries and places there are before.

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
    var word = words[i];
    var entry = entries[i];
    var place = places[i];
    if (params.coding == CODING_BITS) {
        while (word != 0u && entry < params.len) {
            indices[entry] = place + countTrailingZeros(word);
            word &= word - 1u;
            entry++;
        }
        return;
    }
    for (var byte = 0u; byte < 4u; byte++) {
        let code = word & 255u;
        word >>= 8u;
        if (code == 0u) {
            place += 255u;
        } else {
            if (entry < params.len) {
                indices[entry] = place + code - 1u;
            }
            entry++;
            place += code;
        }
    }
}
