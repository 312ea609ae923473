// The last part that begins at or before the key.
fn find_part(key: u32) -> u32 {
    var low = 0u;
    var high = params.parts;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (parts[middle].key_first <= key) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
