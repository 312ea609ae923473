// The distinct rows among sorted keys of a range, where the segment of each begins, and how many there are; see
// segment_heads.wgsl. Rows behind the last are NONE.
@group(0) @binding(0) var<storage, read> keys: array<u32>;
// the number of segments that begin before each key, and at the end of all
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read_write> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> begins: array<u32>;
@group(0) @binding(4) var<storage, read_write> total: array<u32>;

struct Params {
    // sorted keys, at least as many as rows
    len: u32,
    key_begin: u32,
    key_end: u32,
    // rows that there is room for: no fewer than there are
    rows: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

const NONE: u32 = 0xffffffffu;

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
    let count = places[params.len];
    if (i == 0u) {
        total[0] = count;
    }
    if (i >= count && i < params.rows) {
        rows[i] = NONE;
    }
    let key = keys[i];
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    let place = places[i];
    let next = places[i + 1u];
    if (next > place) {
        rows[place] = key - params.key_begin;
        begins[place] = i;
    }
    // the last segment ends where another one would begin
    var last = i + 1u == params.len;
    if (!last) {
        last = keys[i + 1u] >= params.key_end;
    }
    if (last) {
        begins[next] = i + 1u;
    }
}
