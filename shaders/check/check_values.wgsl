// The lowest row with a value that cannot be kept: one that is no number, or larger than a limit.
@group(0) @binding(0) var<storage, read_write> status: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> rows: array<RowsElem>;

struct Params {
    rows: u32,
    dim: u32,
    source_base: u32,
    source_stride: u32,
    rows_type: u32,
    // what the first row is called
    first_row: u32,
    // bits of the largest size
    limit: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let blocks = (params.dim + 3u) / 4u;
    let work = group_index(group, groups) * WORKGROUP + thread;
    let row = work / blocks;
    if (row >= params.rows) {
        return;
    }
    let column = work % blocks * 4u;
    let value = load_rows(params.source_base + row * params.source_stride, column, params.dim - column);
    let size = bitcast<vec4<u32>>(value) & vec4<u32>(0x7fffffffu);
    if (any(size > vec4<u32>(params.limit))) {
        atomicMin(&status[0], params.first_row + row);
    }
}
