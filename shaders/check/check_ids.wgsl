// A device batch's ids must be rows of their tables, or the padding id; the lowest wrong position is kept, or the
// wrong ones are counted. NONE is no row of any table, and as a padding it means that there is none.
@group(0) @binding(0) var<storage, read_write> status: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> features: array<Feature>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;

struct Params {
    batch: u32,
    features: u32,
    ids: u32,
    // 1: ids out of range are counted instead of refused
    skip: u32,
    // 1: the id NONE is a pruned row
    pruned: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let p = group_index(group, groups) * WORKGROUP + lane;
    if (p >= params.ids || atomicLoad(&status[1]) != NONE) {
        return;
    }
    // the last feature that begins at or before p: features without ids before it have the same begin
    var low = 0u;
    var high = params.features;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (offsets[middle * params.batch] <= p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let feature = features[low];
    let id = ids[p];
    if (params.pruned == 1u && id == NONE) {
        return;
    }
    if (id >= feature.rows && (id != feature.padding || id == NONE)) {
        if (params.skip == 1u) {
            atomicAdd(&status[2], 1u);
        } else {
            atomicMin(&status[0], p);
        }
    }
}
