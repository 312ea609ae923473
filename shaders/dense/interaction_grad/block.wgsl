// The sums of four features, four columns at a time.

// Four columns of four features.
struct Block {
    f0: vec4<f32>,
    f1: vec4<f32>,
    f2: vec4<f32>,
    f3: vec4<f32>,
}

fn added(sums: Block, weights: vec4<f32>, v: vec4<f32>) -> Block {
    return Block(
        sums.f0 + weights.x * v,
        sums.f1 + weights.y * v,
        sums.f2 + weights.z * v,
        sums.f3 + weights.w * v,
    );
}

// The first sums: what the output holds, if it is added to, and for feature 0 the gradient of its copy.
fn begun(copied: u32, e: u32, i: u32, column: u32) -> Block {
    var sums = Block();
    if (column >= params.dim) {
        return sums;
    }
    let left = params.dim - column;
    if (params.accumulate == 1u) {
        let last = params.features - 1u;
        sums.f0 = load_out(e + i * params.dim + column, left);
        sums.f1 = load_out(e + min(i + 1u, last) * params.dim + column, left);
        sums.f2 = load_out(e + min(i + 2u, last) * params.dim + column, left);
        sums.f3 = load_out(e + min(i + 3u, last) * params.dim + column, left);
    }
    if (i == 0u && params.dense_part == 1u) {
        sums.f0 += load_grad(copied + column, left);
    }
    return sums;
}

fn finish(e: u32, i: u32, column: u32, sums: Block) {
    if (column >= params.dim) {
        return;
    }
    let left = params.dim - column;
    let at = e + i * params.dim + column;
    store_out(at, left, sums.f0);
    if (i + 1u < params.features) {
        store_out(at + params.dim, left, sums.f1);
    }
    if (i + 2u < params.features) {
        store_out(at + 2u * params.dim, left, sums.f2);
    }
    if (i + 3u < params.features) {
        store_out(at + 3u * params.dim, left, sums.f3);
    }
}
