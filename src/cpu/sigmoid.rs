//! Twin of `prelude/sigmoid.wgsl`.

#[inline(always)]
pub(crate) fn sigmoid(z: f32) -> f32 {
    let t = (-z.abs()).exp();
    (if z >= 0.0 { 1.0 } else { t }) / (1.0 + t)
}
