// The lowest row with a value that cannot be kept: one that is no number, or larger than a limit. And then,
// when that row is known, its first such value.

fn too_large(value: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(value) & vec4<u32>(0x7fffffffu)) > vec4<u32>(params.limit);
}

fn report() {
    let row = atomicLoad(&status[0]) - params.first_row;
    if (row >= params.rows) {
        return;
    }
    for (var column = 0u; column < params.dim; column += 4u) {
        let value = load_rows(params.source_base + row * params.source_stride, column, params.dim - column);
        let bad = too_large(value);
        if (any(bad)) {
            let first = select(select(select(value.w, value.z, bad.z), value.y, bad.y), value.x, bad.x);
            atomicStore(&status[1], bitcast<u32>(first));
            return;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if (params.report == 1u) {
        if (group.x == 0u && thread == 0u) {
            report();
        }
        return;
    }
    let blocks = (params.dim + 3u) / 4u;
    let work = group_index(group, groups) * WORKGROUP + thread;
    let row = work / blocks;
    if (row >= params.rows) {
        return;
    }
    let column = work % blocks * 4u;
    let value = load_rows(params.source_base + row * params.source_stride, column, params.dim - column);
    if (any(too_large(value))) {
        atomicMin(&status[0], params.first_row + row);
    }
}
