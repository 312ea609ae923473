// Where the gradient of each position begins, and what it is multiplied by: one after the other, a row of a matrix for
// each position, or one for each bag.
@group(0) @binding(0) var<storage, read> begins: array<u32>;
@group(0) @binding(1) var<storage, read_write> terms: array<vec2<u32>>;

struct Params {
    len: u32,
    // the first of them, and where the terms begin
    first: u32,
    out_first: u32,
    // what `begins` is: BY_OFFSET the offset of each position, BY_ROW nothing, BY_BAG the first position of each bag
    place: u32,
    bags: u32,
    first_bag: u32,
    // 1: divided by the bag's number of ids
    mean: u32,
    // of the matrix
    base: u32,
    stride: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
