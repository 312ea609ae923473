// Up to four columns of `activated` from element `e` on; `left` columns are left in the row.
fn load_activated(e: u32, left: u32) -> vec4<f32> {
    var v = vec4<f32>(activated[e], 0.0, 0.0, 0.0);
    if (left > 1u) {
        v.y = activated[e + 1u];
    }
    if (left > 2u) {
        v.z = activated[e + 2u];
    }
    if (left > 3u) {
        v.w = activated[e + 3u];
    }
    return v;
}
