struct Params {
    len: u32,
    parts: u32,
    key_begin: u32,
    key_end: u32,
    lanes: u32,
    // the key of ids without a row, whose weights have no gradient
    zero_key: u32,
    rows_type: u32,
}
