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
    // 1: every key has a single term, and behind the keys lie the numbers of their occurrences
    counted: u32,
    // element types, and whether tables are rounded at random
    table_type: u32,
    state_type: u32,
    stochastic: u32,
    // limits of a gradient's values, of its norm over a row, and of the norm relative to the row's; 0: none
    clip_value: f32,
    clip_norm: f32,
    cow_ratio: f32,
    cow_floor: f32,
    // 1: a row's gradient is divided by the number of its occurrences
    by_frequency: u32,
    // limit of a row's norm; 0: none
    max_norm: f32,
    // what follows is the optimizer's
    lr: f32,
    eps: f32,
    // L2 penalty on the gradient
    l2: f32,
    // 1 - lr * decoupled weight decay
    keep: f32,
    // weight decay within a step
    decay: f32,
    beta1: f32,
    one_minus_beta1: f32,
    beta2: f32,
    one_minus_beta2: f32,
    // 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t)
    correction1: f32,
    correction2: f32,
    uncorrected_eps: u32,
    by_row: u32,
    momentum: f32,
    eta: f32,
    // the number of this step, from 1
    steps: u32,
    horizon: f32,
    cap: f32,
    counting: u32,
    forget: f32,
    adjusting: u32,
    tail: f32,
    exponent: f32,
    most: f32,
    // what of FTRL's z leaves a weight at zero
    l1: f32,
}
