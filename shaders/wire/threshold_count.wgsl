// How many values of each tile are to be sent, and the size of its largest value. Sizes are compared as bits: those of
// floats are in their order, and NaN are the largest.

var<workgroup> kept: array<u32, WORKGROUP>;
var<workgroup> largest: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups);
    var count = 0u;
    var most = 0u;
    if (tile < params.tiles) {
        let threshold = thresholds[segments[tile]];
        for (var i = lane; i < params.tile; i += WORKGROUP) {
            let size = values[tile * params.tile + i] & 0x7fffffffu;
            count += u32(is_sent(size, threshold));
            most = max(most, size);
        }
    }
    kept[lane] = count;
    largest[lane] = most;
    for (var width = WORKGROUP / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if (lane < width) {
            kept[lane] += kept[lane + width];
            largest[lane] = max(largest[lane], largest[lane + width]);
        }
    }
    if (lane == 0u && tile < params.tiles) {
        counts[tile] = kept[0];
        sizes[tile] = largest[0];
    }
}
