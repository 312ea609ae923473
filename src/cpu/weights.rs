//! Twin of `linear/weights_*.wgsl`: rows of weights of few bits as `f32`.

use std::ops::Range;

use super::types::unpack;
use crate::kernels::linear::{Layout, Params};
use crate::kernels::types::TYPE_F16;

/// The weights of some inputs, which begin at a multiple of 16, of a row of words.
#[inline(always)]
pub(super) fn decode(layout: Layout, p: &Params, row: &[u32], inputs: Range<usize>, out: &mut [f32]) {
    let codes: &[u8] = bytemuck::cast_slice(row);
    match layout {
        Layout::NtF16 | Layout::NtF16Native => unpack(&row[inputs.start / 2..], TYPE_F16, out),
        Layout::NtInt8 => scaled(p, row, &inputs, out, |k| codes[k].cast_signed()),
        Layout::NtInt4 => scaled(p, row, &inputs, out, |k| {
            // the first of a pair in the low bits
            let pair = codes[k / 2];
            (if k % 2 == 0 { pair << 4 } else { pair }).cast_signed() >> 4
        }),
        Layout::Nn | Layout::Nt | Layout::Tn => {}
    }
}

#[inline(always)]
fn scaled(p: &Params, row: &[u32], inputs: &Range<usize>, out: &mut [f32], code: impl Fn(usize) -> i8) {
    let mut k = inputs.start;
    while k < inputs.end {
        let group = k >> p.group_shift;
        let end = ((group + 1) << p.group_shift).min(inputs.end);
        let scale = f32::from_bits(row[p.scales as usize + group]);
        for (i, out) in out[k - inputs.start..end - inputs.start].iter_mut().enumerate() {
            *out = f32::from(code(k + i)) * scale;
        }
        k = end;
    }
}
