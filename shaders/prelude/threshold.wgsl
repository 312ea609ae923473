// Whether a value of this size is sent; zeros never are.
fn is_sent(size: u32, threshold: u32) -> bool {
    return size >= threshold && size != 0u;
}
