// The ids that a row of the output is made of, of a feature in chunks.
struct BagIds {
    begin: u32,
    end: u32,
}

fn bag_ids(feature: ChunkFeature, item: u32) -> BagIds {
    let at = feature.first_bag + item;
    if (feature.pooling == POOL_NONE) {
        return BagIds(at, at + 1u);
    }
    return BagIds(offsets[at], offsets[at + 1u]);
}

// The weight of the id at a position.
fn weight_of(p: u32) -> f32 {
    return bitcast<f32>(rows[params.weights + p]);
}
