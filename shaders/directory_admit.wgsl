// New virtual ids, which ascend, get the next rows in their order, as far as there are any. Only the places that they
// take depend on who comes first.
@group(0) @binding(0) var<storage, read> new_ids: array<u32>;
@group(0) @binding(1) var<storage, read> total: array<u32>;
// rows in use, and ids that found none
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> row_ids: array<u32>;

struct Params {
    // no fewer than the new ids
    len: u32,
    places: u32,
    // rows
    capacity: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= min(params.len, total[0]) || i >= params.capacity - counts[0]) {
        return;
    }
    let id = new_ids[i];
    let row = counts[0] + i;
    row_ids[row] = id;
    let step = probe_step(id, params.places);
    var place = id % params.places;
    for (var probe = 0u; probe < min(PROBES, params.places); probe++) {
        // an exchange may fail although nobody else took the place: then it is tried again
        loop {
            let old = atomicCompareExchangeWeak(&places[2u * place], NONE, id);
            if (old.exchanged) {
                atomicStore(&places[2u * place + 1u], row);
                return;
            }
            if (old.old_value != NONE) {
                break;
            }
        }
        place = next_place(place, step, params.places);
    }
}
