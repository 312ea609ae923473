// Eight rows on their way at a time.
const ROWS: u32 = 8u;

fn add_rows(pooled: Pooled, feature: Feature, p: u32, end: u32, column: u32, left: u32) -> Pooled {
    let first = load_two(feature, p, end, column, left);
    let second = load_two(feature, p + 2u, end, column, left);
    let third = load_two(feature, p + 4u, end, column, left);
    let fourth = load_two(feature, p + 6u, end, column, left);
    let half = add_two(add_two(pooled, first), second);
    return add_two(add_two(half, third), fourth);
}
