// segment_gradient for software adapters: one thread a row, sixteen columns at a time.

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_spread(group, groups) * WORKGROUP + thread;
    let place = params.first + i;
    if (i >= params.rows || place >= total[0]) {
        return;
    }
    let row = Row(begins[place], begins[place + 1u], params.dim);
    counts[place] = row.end - row.begin;
    for (var column = 0u; column < row.dim; column += 16u) {
        let left = row.dim - column;
        let e = params.out_base + i * params.out_stride + column;
        let block = block_sum(row, column);
        store_out(e, left, block.a);
        if (more(left, 4u)) {
            store_out(e + 4u, left - 4u, block.b);
        }
        if (more(left, 8u)) {
            store_out(e + 8u, left - 8u, block.c);
        }
        if (more(left, 12u)) {
            store_out(e + 12u, left - 12u, block.d);
        }
    }
}
