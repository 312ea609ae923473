// bag_forward for software adapters, for bags of at most one id without weights: rows of a multiple of
// sixteen columns are copied, in windows that write and do not add.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    if (work >= params.work || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let feature = features[find_feature(work)];
    let item = (work - feature.work_begin) / feature.lanes;
    let lane = (work - feature.work_begin) % feature.lanes;
    let bag = feature.index * params.batch + params.row_begin + item;
    let begin = offsets[bag];
    let filled = begin < offsets[bag + 1u];
    // behind the last id there is none
    let id = ids[select(0u, begin, filled)];
    let row = id - feature.window_first;
    let counts = filled && id < feature.rows && id != feature.padding;
    let present = counts && row < feature.window_rows;
    let quads = feature.dim / 4u;
    // 0 plus the row, as a sum of one: a negative zero becomes a zero
    let from_row = feature.window_base / 4u + select(0u, row, present) * quads;
    let zero = vec4<f32>();
    let to_row = (feature.out_base + item * feature.out_stride) / 4u;
    for (var quad = lane * 4u; quad < quads; quad += feature.lanes * 4u) {
        out[to_row + quad] = select(zero, zero + rows[from_row + quad], present);
        out[to_row + quad + 1u] = select(zero, zero + rows[from_row + quad + 1u], present);
        out[to_row + quad + 2u] = select(zero, zero + rows[from_row + quad + 2u], present);
        out[to_row + quad + 3u] = select(zero, zero + rows[from_row + quad + 3u], present);
    }
}
