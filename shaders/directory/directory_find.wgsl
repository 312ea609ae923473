// The row of each raw id, or NONE; and, if wanted, for those that have none their virtual ids, which may be admitted.
@group(0) @binding(0) var<storage, read> features: array<Sought>;
@group(0) @binding(1) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> ids: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> unknown: array<u32>;
// how many those are, of each table
@group(0) @binding(5) var<storage, read_write> strangers: array<atomic<u32>>;

// Ids of a feature, and the directory that they are looked up in.
struct Sought {
    // first thread of the dispatch that works for this feature
    work_begin: u32,
    // the first id
    first: u32,
    // buckets of the directory, and the first of them
    buckets: u32,
    first_bucket: u32,
}

struct Params {
    features: u32,
    // threads in all: one for each id
    work: u32,
    // whether unknown ids are, and where those of these features begin
    wanted: u32,
    first_unknown: u32,
    // whose unknown ids are counted
    table: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    if (work >= params.work) {
        return;
    }
    let feature = features[find_feature(work)];
    let i = feature.first + (work - feature.work_begin);
    let raw = ids[i];
    let id = virtual_id(raw.x, raw.y);
    var bucket = first_bucket(id, feature.buckets);
    var row = NONE;
    for (var probe = 0u; probe < min(PROBES, feature.buckets); probe++) {
        let at = 4u * (feature.first_bucket + bucket);
        let low = places[at];
        let high = places[at + 1u];
        // its place, counted from 1: an id is in one at most
        let in_low = dot(vec4<u32>(1u, 2u, 3u, 4u), vec4<u32>(low == vec4<u32>(id)));
        let in_high = dot(vec4<u32>(5u, 6u, 7u, 8u), vec4<u32>(high == vec4<u32>(id)));
        let place = in_low + in_high;
        if (place > 0u) {
            row = places[at + 2u + (place - 1u) / 4u][(place - 1u) % 4u];
            break;
        }
        // no id went on from a bucket whose last place is free
        if (high.w == 0u) {
            break;
        }
        bucket = next_bucket(bucket, id, feature.buckets);
    }
    rows[i] = row;
    if (params.wanted == 1u) {
        unknown[params.first_unknown + work] = select(NONE, id, row == NONE);
    }
    if (row == NONE) {
        atomicAdd(&strangers[params.table], 1u);
    }
}
