// Two rows on their way at a time.
const ROWS: u32 = 2u;

fn add_rows(pooled: Pooled, feature: Feature, p: u32, end: u32, column: u32, left: u32) -> Pooled {
    return add_two(pooled, load_two(feature, p, end, column, left));
}
