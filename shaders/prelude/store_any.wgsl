// Four values of `store`, of 16 bits, from element `e` on.
alias StoreElem = vec2<u32>;

fn load_store(e: u32) -> vec4<f32> {
    let words = store[e / 4u];
    return vec4<f32>(unpack_pair(words.x, params.store_type), unpack_pair(words.y, params.store_type));
}
