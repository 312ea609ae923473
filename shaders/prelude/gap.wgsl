// What lies between the place of an entry and that of the one before. A code of bytes is one byte for each 255 places in
// between, a 0, and then one of the rest plus 1.
fn gap(i: u32) -> u32 {
    let place = indices[params.first + i];
    if (i == 0u) {
        return place;
    }
    return place - indices[params.first + i - 1u] - 1u;
}
