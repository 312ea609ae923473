//! Twin of `linear/weights_*.wgsl`: rows of weights, most of few bits, as `f32`.

use std::ops::Range;

use crate::cpu::format::{Format, Half};
use crate::kernels::linear::{Layout, Params};

/// The weights of some inputs, which begin at a multiple of 16, of a row of words.
#[inline(always)]
pub(crate) fn decode(layout: Layout, p: &Params, row: &[u32], inputs: Range<usize>, out: &mut [f32]) {
    let codes: &[u8] = bytemuck::cast_slice(row);
    match layout {
        Layout::NtF16 | Layout::NtF16Native => halves(&bytemuck::cast_slice(row)[inputs], out),
        Layout::NtInt8 => scaled(p, row, &inputs, out, |k| codes[k].cast_signed()),
        Layout::NtInt4 => scaled(p, row, &inputs, out, |k| {
            // the first of a pair in the low bits
            let pair = codes[k / 2];
            (if k % 2 == 0 { pair << 4 } else { pair }).cast_signed() >> 4
        }),
        Layout::Nt => out.copy_from_slice(bytemuck::cast_slice(&row[inputs])),
        Layout::Nn | Layout::Tn | Layout::Tt => {}
    }
}

/// 16-bit floats, by the processor's own instructions where it has them: chosen once and not for each block.
#[inline(always)]
fn halves(elements: &[u16], out: &mut [f32]) {
    match Half::f16() {
        #[cfg(target_arch = "x86_64")]
        Half::F16c(instructions) => convert(elements, out, |block| instructions.values(block)),
        format => convert(elements, out, |block| format.values(block)),
    }
}

#[inline(always)]
fn convert(elements: &[u16], out: &mut [f32], values: impl Fn(&[u16; 16]) -> [f32; 16]) {
    let ((from, from_tail), (to, to_tail)) = (elements.as_chunks::<16>(), out.as_chunks_mut::<16>());
    for (to, from) in to.iter_mut().zip(from) {
        *to = values(from);
    }
    for (to, &from) in to_tail.iter_mut().zip(from_tail) {
        *to = Half::F16.value(from);
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
