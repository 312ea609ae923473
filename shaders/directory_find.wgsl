// The row of each raw id, or NONE; and for those that have none their virtual ids, which may be admitted.
@group(0) @binding(0) var<storage, read> places: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> ids: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> unknown: array<u32>;

struct Params {
    len: u32,
    places: u32,
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
    let id = virtual_id(ids[i].x, ids[i].y);
    let step = probe_step(id, params.places);
    var place = id % params.places;
    var row = NONE;
    for (var probe = 0u; probe < min(PROBES, params.places); probe++) {
        let entry = places[place];
        if (entry.x == id) {
            row = entry.y;
        }
        if (entry.x == id || entry.x == NONE) {
            break;
        }
        place = next_place(place, step, params.places);
    }
    rows[i] = row;
    unknown[i] = select(NONE, id, row == NONE);
}
