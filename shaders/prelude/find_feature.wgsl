// The last feature whose work begins at or before a thread's.
fn find_feature(work: u32) -> u32 {
    var low = 0u;
    var high = params.features;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (features[middle].work_begin <= work) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
