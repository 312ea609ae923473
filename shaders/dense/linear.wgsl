// The matrix product behind linear layers: a tile of the output a group, 8 x 8 sums a thread (rows and
// columns 4 * place and 4 * place + TILE / 2, so that neighbours read workgroup memory side by side).
override PITCH: u32;
override SHARED: u32;

// by k, then by four rows of a (four columns of b); PITCH is odd against bank conflicts
var<workgroup> shared_a: array<vec4<f32>, SHARED>;
var<workgroup> shared_b: array<vec4<f32>, SHARED>;

fn added(c: Tile, a: vec4<f32>, b: vec4<f32>) -> Tile {
    return Tile(c.r0 + a.x * b, c.r1 + a.y * b, c.r2 + a.z * b, c.r3 + a.w * b);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, groups);
    let tiles_m = (params.m + TILE - 1u) / TILE;
    let tiles_n = (params.n + TILE - 1u) / TILE;
    let m = index / tiles_n % tiles_m * TILE;
    let n = index % tiles_n * TILE;
    let slice = index / (tiles_m * tiles_n);
    let begin = min(slice * params.k_slice, params.k);
    let end = min(begin + params.k_slice, params.k);

    let from_a = place_a(thread);
    let from_b = place_b(thread);
    let to_a = from_a.y * 4u * PITCH + from_a.x;
    let to_b = from_b.y * 4u * PITCH + from_b.x;
    let row = thread / 8u;
    let column = thread % 8u;
    var c00 = Tile();
    var c01 = Tile();
    var c10 = Tile();
    var c11 = Tile();
    for (var k = begin; k < end; k += K_TILE) {
        let a = block_a(m + from_a.x * 4u, k + from_a.y * 4u);
        let b = block_b(n + from_b.x * 4u, k + from_b.y * 4u);
        workgroupBarrier();
        shared_a[to_a] = a.k0;
        shared_a[to_a + PITCH] = a.k1;
        shared_a[to_a + 2u * PITCH] = a.k2;
        shared_a[to_a + 3u * PITCH] = a.k3;
        shared_b[to_b] = b.k0;
        shared_b[to_b + PITCH] = b.k1;
        shared_b[to_b + 2u * PITCH] = b.k2;
        shared_b[to_b + 3u * PITCH] = b.k3;
        workgroupBarrier();
        for (var i = 0u; i < K_TILE; i++) {
            let a0 = shared_a[i * PITCH + row];
            let a1 = shared_a[i * PITCH + row + 8u];
            let b0 = shared_b[i * PITCH + column];
            let b1 = shared_b[i * PITCH + column + 8u];
            c00 = added(c00, a0, b0);
            c01 = added(c01, a0, b1);
            c10 = added(c10, a1, b0);
            c11 = added(c11, a1, b1);
        }
    }
    finish_tile(slice, m + row * 4u, n + column * 4u, c00);
    finish_tile(slice, m + row * 4u, n + column * 4u + TILE / 2u, c01);
    finish_tile(slice, m + row * 4u + TILE / 2u, n + column * 4u, c10);
    finish_tile(slice, m + row * 4u + TILE / 2u, n + column * 4u + TILE / 2u, c11);
}
