// bag_forward for software adapters, for sums and means of rows of a multiple of sixteen columns, in windows
// that write and do not add: without conditions, since there both sides of each are executed.

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
    let end = offsets[bag + 1u];
    let quads = feature.dim / 4u;
    let first_row = feature.window_base / 4u;
    let out_row = (feature.out_base + item * feature.out_stride) / 4u;
    for (var quad = lane * 4u; quad < quads; quad += feature.lanes * 4u) {
        var a = vec4<f32>();
        var b = vec4<f32>();
        var c = vec4<f32>();
        var d = vec4<f32>();
        var count = 0u;
        for (var p = begin; p < end; p++) {
            let id = ids[p];
            let counts = id < feature.rows && id != feature.padding;
            count += u32(counts);
            let row = id - feature.window_first;
            if (counts && row < feature.window_rows) {
                let weight = weight_of(p);
                let at = first_row + row * quads + quad;
                a += rows[at] * weight;
                b += rows[at + 1u] * weight;
                c += rows[at + 2u] * weight;
                d += rows[at + 3u] * weight;
            }
        }
        // dividing by one changes nothing
        let divisor = f32(select(1u, max(count, 1u), feature.pooling == POOL_MEAN));
        let at = out_row + quad;
        out[at] = a / divisor;
        out[at + 1u] = b / divisor;
        out[at + 2u] = c / divisor;
        out[at + 3u] = d / divisor;
    }
}
