// Where the gradient of each position begins, and what it is multiplied by: one after the other, a row of a
// matrix for each position, or one for each bag.

const BY_OFFSET: u32 = 0u;
const BY_BAG: u32 = 2u;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    var at = params.base + i * params.stride;
    var factor = 1.0;
    if (params.place == BY_OFFSET) {
        at = begins[i];
    }
    if (params.place == BY_BAG) {
        let bag = find_segment(params.first + i, params.first_bag, params.bags);
        at = params.base + (bag - params.first_bag) * params.stride;
        if (params.mean == 1u) {
            factor = 1.0 / f32(begins[bag + 1u] - begins[bag]);
        }
    }
    terms[params.out_first + i] = vec2<u32>(at, bitcast<u32>(factor));
}
