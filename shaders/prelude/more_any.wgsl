// Whether a row has columns beyond the next n.
fn more(left: u32, n: u32) -> bool {
    return left > n;
}
