// The row of each raw id, or NONE; and for those that have none their virtual ids, which may be admitted.
@group(0) @binding(0) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> ids: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> unknown: array<u32>;
// how many those are, of each table
@group(0) @binding(4) var<storage, read_write> strangers: array<atomic<u32>>;

struct Params {
    // ids that are looked up, and the first of them
    len: u32,
    first: u32,
    // where their unknown ones begin
    unknown_first: u32,
    table: u32,
    buckets: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

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
    let raw = ids[params.first + i];
    let id = virtual_id(raw.x, raw.y);
    var bucket = first_bucket(id, params.buckets);
    var row = NONE;
    for (var probe = 0u; probe < min(PROBES, params.buckets); probe++) {
        let low = places[4u * bucket];
        let high = places[4u * bucket + 1u];
        let in_low = low == vec4<u32>(id);
        let in_high = high == vec4<u32>(id);
        if (any(in_low) || any(in_high)) {
            let found = select(vec4<u32>(), places[4u * bucket + 2u], in_low)
                | select(vec4<u32>(), places[4u * bucket + 3u], in_high);
            row = found.x | found.y | found.z | found.w;
            break;
        }
        // nobody went on from a bucket whose last place is free
        if (high.w == 0u) {
            break;
        }
        bucket = next_bucket(bucket, id, params.buckets);
    }
    rows[params.first + i] = row;
    unknown[params.unknown_first + i] = select(NONE, id, row == NONE);
    if (row == NONE) {
        atomicAdd(&strangers[params.table], 1u);
    }
}
