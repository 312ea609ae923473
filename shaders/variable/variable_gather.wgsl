// Rows of differing dimensions, one after the other or each in a row of a matrix, whose columns behind the
// row's own become 0. `lanes` threads share a row.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    let i = index / params.lanes;
    if (i >= params.len) {
        return;
    }
    let key = keys[i];
    if (params.matrix == 1u && key >= params.zero_from) {
        for (var column = index % params.lanes; column < params.cols; column += params.lanes) {
            out[params.out_base + i * params.out_stride + column] = Elem();
        }
        return;
    }
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    let part = parts[find_part(key)];
    let dim = part.dim / WIDTH;
    let source = (part.base + (key - part.key_first) * part.stride) / WIDTH;
    var to = params.out_base + i * params.out_stride;
    var cols = params.cols;
    if (params.matrix == 0u) {
        to = offsets[i] / WIDTH;
        cols = dim;
    }
    for (var column = index % params.lanes; column < cols; column += params.lanes) {
        var value = Elem();
        if (column < dim) {
            value = rows[source + column];
        }
        out[to + column] = value;
    }
}
