// A key's digit in this pass of a sort.
fn digit_of(key: u32) -> u32 {
    return (key >> params.shift) & (params.digits - 1u);
}
