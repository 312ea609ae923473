// Sums or means of bags of rows of differing dimensions: a row adds to as many columns as it has. One thread
// for each element of the output, in the order of the ids.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups) * WORKGROUP + thread;
    if (index >= params.bags * params.cols) {
        return;
    }
    let bag = index / params.cols;
    let column = index % params.cols;
    let begin = bags[bag];
    let end = bags[bag + 1u];
    var sum = Elem();
    for (var p = begin; p < end; p++) {
        let key = keys[p];
        if (key >= params.key_begin && key < params.key_end) {
            let part = parts[find_part(key)];
            if (column < part.dim / WIDTH) {
                sum += rows[(part.base + (key - part.key_first) * part.stride) / WIDTH + column];
            }
        }
    }
    if (params.mean == 1u && end > begin + 1u) {
        sum /= f32(end - begin);
    }
    let at = params.out_base + bag * params.out_stride + column;
    if (params.initial == 0u) {
        sum += out[at];
    }
    out[at] = sum;
}
