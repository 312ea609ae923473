// Four columns a thread.
const COLUMNS: u32 = 4u;

// The sum, divided by the number of ids for a mean, is written, or added to what earlier windows wrote.
fn finish(feature: ChunkFeature, at: u32, pooled: vec4<f32>, count: u32) {
    var sum = pooled;
    if (feature.pooling == POOL_MEAN) {
        sum /= f32(max(count, 1u));
    }
    if (params.initial == 0u) {
        sum = load_out(at, 4u) + sum;
    }
    store_out(at, 4u, sum);
}
