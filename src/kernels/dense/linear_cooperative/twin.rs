//! Twin of `linear_cooperative.wgsl`.

use half::f16;

use crate::kernels::linear::{self, Layout, twin};
use crate::kernels::linear_cooperative::View;

/// The product of `linear` with rows of 16-bit floats, of rounded values.
pub(crate) fn run(call: View<'_>) {
    let rounded: Vec<f32> = call.a.iter().map(|&value| f16::from_f32(value).to_f32()).collect();
    twin::run(linear::View {
        variant: linear::variant(Layout::NtF16, false, None),
        params: call.params,
        a: &rounded,
        b: call.b,
        bias: call.bias,
        out: call.out,
    });
}
