// Sums the pieces of long segments ahead of row_update, so that a hot row keeps many threads busy; called
// again, the pieces of groups. Only what is not the last of its segment is stored, at the index of the first
// position divided by PIECE, which no two share: a group in the place of its first piece, as no piece of such
// a group is needed again.

fn first_of(key: u32, end: u32) -> u32 {
    var low = 0u;
    var high = end;
    while (low < high) {
        let middle = (low + high) / 2u;
        if (keys[middle] < key) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    let block = index / params.lanes;
    let lane = index % params.lanes;
    // What begins in this block and is not its segment's last reaches into the next block, so that the
    // segment is the one found there.
    let span = select(PIECE, GROUP, params.grouping == 1u);
    let next = (block + 1u) * span;
    if (next >= params.len) {
        return;
    }
    let key = keys[next];
    if (key == params.none_key) {
        return;
    }
    let start = first_of(key, next);
    var begin = start;
    if (start < block * span) {
        begin = start + (block * span - start + span - 1u) / span * span;
    }
    if (begin >= next || begin + span >= params.len || keys[begin + span] != key) {
        return;
    }
    let dim = parts[find_part(key)].dim;
    for (var column = lane * 4u; column < dim; column += params.lanes * 4u) {
        var sum = vec4<f32>();
        if (params.grouping == 1u) {
            for (var p = begin; p < begin + GROUP; p += PIECE) {
                sum += partials[(p / PIECE) * params.stride + column / 4u];
            }
        } else {
            for (var p = begin; p < begin + PIECE; p++) {
                let term = terms[p];
                var g = load_grad(term.x + column, dim - column);
                if (params.clip_value > 0.0) {
                    g = clipped(g, params.clip_value);
                }
                sum += g * bitcast<f32>(term.y);
            }
        }
        partials[(begin / PIECE) * params.stride + column / 4u] = sum;
    }
}
