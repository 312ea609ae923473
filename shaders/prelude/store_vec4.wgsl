// Four values of `store` from element `e` on.
alias StoreElem = vec4<f32>;

fn load_store(e: u32) -> vec4<f32> {
    return store[e / 4u];
}
