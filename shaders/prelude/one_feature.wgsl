// There is one: on software adapters what is read at a constant index is read once for many threads.
fn find_feature(work: u32) -> u32 {
    return 0u;
}
