// Rows of one table that lie in one window, in the order of their keys.
struct Part {
    // keys of the first row and number of rows; the first row's number in the table
    key_first: u32,
    rows: u32,
    row_first: u32,
    // element of the first row in the window's weights, and elements from row to row
    base: u32,
    stride: u32,
    // the same for words of its optimizer state
    state_base: u32,
    state_stride: u32,
    dim: u32,
    // what this table's random numbers are made of in this step
    random: u32,
}
