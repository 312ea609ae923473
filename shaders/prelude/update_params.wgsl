struct Params {
    // sorted keys, and table parts in this window
    len: u32,
    parts: u32,
    // the keys that lie in this window
    key_begin: u32,
    key_end: u32,
    // threads for a row
    lanes: u32,
    // 1: the pieces of long segments lie in `partials`, `stride` vec4s apart
    split: u32,
    stride: u32,
    lr: f32,
    eps: f32,
    // L2 penalty on the gradient
    l2: f32,
    // 1 - lr * decoupled weight decay
    keep: f32,
}
