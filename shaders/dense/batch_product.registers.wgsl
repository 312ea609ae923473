// batch_product for software adapters, and for products that are no tile: four rows by four columns a thread, summed
// in registers, over examples and k in that order.

fn added(c: Tile, a: vec4<f32>, b: vec4<f32>) -> Tile {
    return Tile(c.r0 + a.x * b, c.r1 + a.y * b, c.r2 + a.z * b, c.r3 + a.w * b);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let fours = (params.n + 3u) / 4u;
    let tiles = (params.m + 3u) / 4u * fours;
    let index = group_index(group, groups) * WORKGROUP + thread;
    let first = index / tiles * params.together;
    if (first >= params.rows) {
        return;
    }
    let m = index % tiles / fours * 4u;
    let n = index % fours * 4u;
    var c = Tile();
    for (var example = first; example < min(first + params.together, params.rows); example++) {
        let of_a = params.a_base + example * params.a_example;
        let of_b = params.b_base + example * params.b_example;
        for (var k = 0u; k < params.k; k += 4u) {
            let a = block_of_a(of_a, m, k);
            let b = block_of_b(of_b, n, k);
            c = added(added(added(added(c, a.k0, b.k0), a.k1, b.k1), a.k2, b.k2), a.k3, b.k3);
        }
    }
    let at = params.out_base + index / tiles * params.out_example + m * params.out_stride + n;
    let left = params.n - n;
    finish_row(at, left, c.r0);
    if (m + 1u < params.m) {
        finish_row(at + params.out_stride, left, c.r1);
    }
    if (m + 2u < params.m) {
        finish_row(at + 2u * params.out_stride, left, c.r2);
    }
    if (m + 3u < params.m) {
        finish_row(at + 3u * params.out_stride, left, c.r3);
    }
}
