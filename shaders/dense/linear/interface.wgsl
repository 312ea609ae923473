// out[m][n] = activation(sum over k of a(m, k) * b(k, n) + bias[n]), or added to what `out` holds.
// rows and columns of a tile, and what of k it takes at a time
override TILE: u32;
override K_TILE: u32;

@group(0) @binding(0) var<storage, read> a: array<Elem>;
@group(0) @binding(1) var<storage, read> b: array<Weight>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    // elements where the matrices begin, and from row to row; words of weights that are no f32
    a_base: u32,
    a_stride: u32,
    b_base: u32,
    b_stride: u32,
    out_base: u32,
    out_stride: u32,
    bias_base: u32,
    // 1: the bias is added
    biased: u32,
    activation: u32,
    // 1: the result is added to `out`
    accumulate: u32,
    // k is cut into this many slices of `k_slice`; slice s is summed by itself, slice_stride elements further on
    slices: u32,
    k_slice: u32,
    slice_stride: u32,
    // serial shape: threads of a group side by side in n
    lanes_n: u32,
    // weights in groups: words from the beginning of a row to its scales, and a group's length as a power of two
    scales: u32,
    group_shift: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

// Four by four values of an operand: for each of four k those of four rows of `a`, or of four columns of `b`.
struct Block {
    k0: vec4<f32>,
    k1: vec4<f32>,
    k2: vec4<f32>,
    k3: vec4<f32>,
}

fn transposed(x: vec4<f32>, y: vec4<f32>, z: vec4<f32>, w: vec4<f32>) -> Block {
    return Block(
        vec4<f32>(x.x, y.x, z.x, w.x),
        vec4<f32>(x.y, y.y, z.y, w.y),
        vec4<f32>(x.z, y.z, z.z, w.z),
        vec4<f32>(x.w, y.w, z.w, w.w),
    );
}

// Four by four values of the output, by rows.
struct Tile {
    r0: vec4<f32>,
    r1: vec4<f32>,
    r2: vec4<f32>,
    r3: vec4<f32>,
}

fn finish(at: u32, n: u32, sum: f32) {
    if (n >= params.n) {
        return;
    }
    var z = sum;
    if (params.biased == 1u) {
        z += bias[params.bias_base + n];
    }
    var value = activated(z, params.activation);
    if (params.accumulate == 1u) {
        value = out[at] + value;
    }
    out[at] = value;
}

fn finish_row(slice: u32, m: u32, n: u32, sums: vec4<f32>) {
    if (m >= params.m || slice >= params.slices) {
        return;
    }
    let at = params.out_base + slice * params.slice_stride + m * params.out_stride + n;
    finish(at, n, sums.x);
    finish(at + 1u, n + 1u, sums.y);
    finish(at + 2u, n + 2u, sums.z);
    finish(at + 3u, n + 3u, sums.w);
}

fn finish_tile(slice: u32, m: u32, n: u32, c: Tile) {
    finish_row(slice, m, n, c.r0);
    finish_row(slice, m + 1u, n, c.r1);
    finish_row(slice, m + 2u, n, c.r2);
    finish_row(slice, m + 3u, n, c.r3);
}
