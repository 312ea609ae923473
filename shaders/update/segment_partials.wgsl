// Sums the pieces of long segments ahead of row_update, so that a hot row keeps many threads busy; called
// again, the pieces of groups. Only what is not the last of its segment is stored, at the index of the first
// position divided by PIECE, which no two share: a group in the place of its first piece, as no piece of such
// a group is needed again.

// terms are clipped if they are to be
const EXTRAS: bool = true;

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

fn partial_at(p: u32, column: u32) -> vec4<f32> {
    return partials[(p / PIECE) * params.stride + column / 4u];
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
        // pieces have a multiple of four terms, and groups of four pieces: four are on their way at a time
        var sum = vec4<f32>();
        if (params.grouping == 1u) {
            for (var p = begin; p < begin + GROUP; p += 4u * PIECE) {
                let a = partial_at(p, column);
                let b = partial_at(p + PIECE, column);
                let c = partial_at(p + 2u * PIECE, column);
                let d = partial_at(p + 3u * PIECE, column);
                sum += a;
                sum += b;
                sum += c;
                sum += d;
            }
        } else {
            for (var p = begin; p < begin + PIECE; p += 4u) {
                let at = vec4<u32>(terms[p].x, terms[p + 1u].x, terms[p + 2u].x, terms[p + 3u].x) + column;
                let factor = vec4<u32>(terms[p].y, terms[p + 1u].y, terms[p + 2u].y, terms[p + 3u].y);
                let a = load_grad(at.x, dim - column);
                let b = load_grad(at.y, dim - column);
                let c = load_grad(at.z, dim - column);
                let d = load_grad(at.w, dim - column);
                sum += weighted(a, factor.x);
                sum += weighted(b, factor.y);
                sum += weighted(c, factor.z);
                sum += weighted(d, factor.w);
            }
        }
        partials[(begin / PIECE) * params.stride + column / 4u] = sum;
    }
}
