// The segment that value p lies in, of `segments` from the first on: the last of these that begins at or
// before it. (Empty ones before it begin there too.)
fn find_segment(p: u32, first: u32, segments: u32) -> u32 {
    var low = first;
    var high = first + segments;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (begins[middle] <= p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
