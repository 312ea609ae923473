// The distinct rows among sorted keys of a range, where the segment of each begins, and how many there are;
// see segment_heads.wgsl. Rows behind the last are NONE.

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
