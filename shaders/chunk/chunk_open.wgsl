// Chunks of new rows get slots from the top of the stack of free ones, as far as there are any. `fresh` lists them for
// chunk_reset: slot, virtual id of the row, number of the chunk, table.
// each row with its virtual id
@group(0) @binding(0) var<storage, read> new_rows: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> admitted: array<u32>;
@group(0) @binding(2) var<storage, read> free_count: array<u32>;
@group(0) @binding(3) var<storage, read> free: array<u32>;
@group(0) @binding(4) var<storage, read_write> slots: array<u32>;
// of each row the step that it was last changed in, and what it is kept for if rows leave
@group(0) @binding(5) var<storage, read_write> touch: array<u32>;
@group(0) @binding(6) var<storage, read_write> fresh: array<vec4<u32>>;

struct Params {
    // no fewer than the new rows
    len: u32,
    chunks: u32,
    table: u32,
    step: u32,
    // words of a row in `touch`
    words: u32,
    // the second of them
    credit: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_index(group, groups) * WORKGROUP + thread;
    if (i >= min(params.len, admitted[0]) * params.chunks) {
        return;
    }
    let row = new_rows[i / params.chunks].x;
    let chunk = i % params.chunks;
    if (chunk == 0u) {
        touch[row * params.words] = params.step;
        if (params.words == 2u) {
            touch[row * 2u + 1u] = params.credit;
        }
    }
    if (i < free_count[0]) {
        let slot = free[free_count[0] - 1u - i];
        slots[row * params.chunks + chunk] = slot;
        fresh[i] = vec4<u32>(slot, new_rows[i / params.chunks].y, chunk, params.table);
    }
}
