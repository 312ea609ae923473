// Gradient with respect to per-sample weights: out[p] = <gradient of the bag's output, row of the id at p>,
// divided by the bag's length for a mean. `lanes` threads share a position.

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let lanes = params.lanes;
    let lane = thread % lanes;
    let p = group_index(group, groups) * (WORKGROUP / lanes) + thread / lanes;
    var works = p < params.len;
    var key = 0u;
    if (works) {
        key = keys[p];
        works = key >= params.key_begin && key < params.key_end;
    }
    var factor = 0.0;
    var partial = vec4<f32>();
    if (works) {
        let term = terms[p];
        factor = bitcast<f32>(term.y);
        let part = parts[find_part(key)];
        let e = part.base + (key - part.key_first) * part.stride;
        for (var column = lane * 4u; column < part.dim; column += lanes * 4u) {
            let left = part.dim - column;
            partial += load_grad(term.x + column, left) * load_rows(e, column, left);
        }
    }
    sums[thread] = partial;
    for (var width = lanes / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if (lane < width) {
            sums[thread] += sums[thread + width];
        }
    }
    if (lane == 0u && works) {
        let sum = sums[thread];
        out[p] = ((sum.x + sum.y) + (sum.z + sum.w)) * factor;
    } else if (lane == 0u && p < params.len && key == params.zero_key) {
        out[p] = 0.0;
    }
}
