// Rows of one table that lie in one window, in the order of their keys.
struct Part {
    // keys of the first row and number of rows
    key_first: u32,
    rows: u32,
    // element of the first row, in the window's weights and in its optimizer state
    base: u32,
    state_base: u32,
    dim: u32,
}
