// weight_grad for software adapters: one thread a position. The order of the sum is that of sixteen lanes.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let p = group_index(group, groups) * WORKGROUP + thread;
    if (p >= params.len) {
        return;
    }
    let key = keys[p];
    if (key == params.zero_key) {
        out[p] = 0.0;
    }
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    let term = terms[p];
    let part = parts[find_part(key)];
    let e = part.base + (key - part.key_first) * part.stride;
    var lanes: array<vec4<f32>, 16>;
    for (var lane = 0u; lane < 16u; lane++) {
        lanes[lane] = vec4<f32>();
    }
    for (var column = 0u; column < part.dim; column += 4u) {
        let left = part.dim - column;
        lanes[(column / 4u) % 16u] += load_grad(term.x + column, left) * load_rows(e, column, left);
    }
    for (var width = 8u; width > 0u; width /= 2u) {
        for (var lane = 0u; lane < width; lane++) {
            lanes[lane] += lanes[lane + width];
        }
    }
    let sum = lanes[0];
    out[p] = ((sum.x + sum.y) + (sum.z + sum.w)) * bitcast<f32>(term.y);
}
