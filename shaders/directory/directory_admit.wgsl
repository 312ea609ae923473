// New virtual ids, which ascend, get rows in their order, as far as there are any: first those that others left, the last
// one left first, then rows that were never in use.
@group(0) @binding(0) var<storage, read> new_ids: array<u32>;
@group(0) @binding(1) var<storage, read> total: array<u32>;
// rows ever in use, those of them that are free again, and ids that found no row
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> left: array<u32>;
@group(0) @binding(4) var<storage, read_write> places: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> row_ids: array<u32>;
// the row and the id of each
@group(0) @binding(6) var<storage, read_write> new_rows: array<vec2<u32>>;

struct Params {
    // no fewer than the new ids
    len: u32,
    buckets: u32,
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
    let room = counts[1] + params.capacity - counts[0];
    if (i >= min(params.len, total[0]) || i >= room) {
        return;
    }
    var row = counts[0] + i - counts[1];
    if (i < counts[1]) {
        row = left[counts[1] - 1u - i];
    }
    let id = new_ids[i];
    row_ids[row] = id;
    new_rows[i] = vec2<u32>(row, id);
    insert(id, row, params.buckets);
}
