// Every row is a multiple of sixteen columns: no group of four is cut short.
fn more(left: u32, n: u32) -> bool {
    return true;
}
