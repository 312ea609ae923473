//! How values lie in memory, as a parameter of the loops that read and write them.

use bytemuck::Pod;

use super::types::{nearest, value_of};
use crate::kernel::elements::{TYPE_BF16, TYPE_F16};

/// Reads and writes values of one element type.
pub(crate) trait Format: Copy + Send + Sync {
    type Element: Pod + Send + Sync;

    fn zeros<const N: usize>() -> &'static [Self::Element; N];

    fn value(self, element: Self::Element) -> f32;

    /// The nearest element, ties to even.
    fn nearest(self, value: f32) -> Self::Element;

    #[inline(always)]
    fn values<const N: usize>(self, elements: &[Self::Element; N]) -> [f32; N] {
        let mut values = [0.0; N];
        for (value, &element) in values.iter_mut().zip(elements) {
            *value = self.value(element);
        }
        values
    }

    #[inline(always)]
    fn store<const N: usize>(self, values: &[f32; N], elements: &mut [Self::Element; N]) {
        for (element, &value) in elements.iter_mut().zip(values) {
            *element = self.nearest(value);
        }
    }
}

/// 32-bit floats.
#[derive(Clone, Copy)]
pub(crate) struct F32;

/// 16-bit floats of either type, and how this processor converts them: one type, so that loops are compiled
/// once for all.
#[derive(Clone, Copy)]
pub(crate) enum Half {
    /// Of IEEE 754, converted with integer instructions.
    F16,
    /// Of IEEE 754 on a processor with instructions for them: the same values as [`Half::F16`], NaN apart,
    /// which come out quiet.
    #[cfg(target_arch = "x86_64")]
    F16c(F16c),
    /// The upper halves of 32-bit floats.
    Bf16,
}

/// Says that the processor has instructions for 16-bit floats.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct F16c(());

#[cfg(target_arch = "x86_64")]
impl F16c {
    /// `None` if the processor has no such instructions.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("f16c").then_some(Self(()))
    }
}

impl Half {
    /// Of an element type of 16 bits.
    pub(crate) fn of(element: u32) -> Self {
        match element {
            TYPE_BF16 => Self::Bf16,
            _ => Self::f16(),
        }
    }

    /// Of IEEE 754, by instructions if there are any.
    #[inline(always)]
    pub(crate) fn f16() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(instructions) = F16c::detect() {
            return Self::F16c(instructions);
        }
        Self::F16
    }
}

impl Format for F32 {
    type Element = f32;

    #[inline(always)]
    fn zeros<const N: usize>() -> &'static [f32; N] {
        const { &[0.0; N] }
    }

    #[inline(always)]
    fn value(self, element: f32) -> f32 {
        element
    }

    #[inline(always)]
    fn nearest(self, value: f32) -> f32 {
        value
    }
}

impl Format for Half {
    type Element = u16;

    #[inline(always)]
    fn zeros<const N: usize>() -> &'static [u16; N] {
        const { &[0; N] }
    }

    #[inline(always)]
    fn value(self, element: u16) -> f32 {
        match self {
            Self::Bf16 => value_of(element.into(), TYPE_BF16),
            _ => value_of(element.into(), TYPE_F16),
        }
    }

    #[inline(always)]
    fn nearest(self, value: f32) -> u16 {
        match self {
            Self::Bf16 => low_half(nearest(value, TYPE_BF16)),
            _ => low_half(nearest(value, TYPE_F16)),
        }
    }

    #[inline(always)]
    fn values<const N: usize>(self, elements: &[u16; N]) -> [f32; N] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::F16c(instructions) => instructions.values(elements),
            // the type is a constant in each loop
            Self::F16 => elements.map(|element| value_of(element.into(), TYPE_F16)),
            Self::Bf16 => elements.map(|element| value_of(element.into(), TYPE_BF16)),
        }
    }

    #[inline(always)]
    fn store<const N: usize>(self, values: &[f32; N], elements: &mut [u16; N]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::F16c(instructions) => instructions.store(values, elements),
            Self::F16 => *elements = values.map(|value| low_half(nearest(value, TYPE_F16))),
            Self::Bf16 => *elements = values.map(|value| low_half(nearest(value, TYPE_BF16))),
        }
    }
}

#[inline(always)]
fn low_half(bits: u32) -> u16 {
    (bits & 0xffff) as u16
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the instructions must only run where they exist")]
impl F16c {
    #[inline(always)]
    pub(crate) fn values<const N: usize>(self, elements: &[u16; N]) -> [f32; N] {
        let mut values = [0.0; N];
        let (from, from_tail) = elements.as_chunks::<8>();
        let (to, to_tail) = values.as_chunks_mut::<8>();
        for (to, from) in to.iter_mut().zip(from) {
            // SAFETY: `self` exists, so `detect` found the instructions.
            *to = unsafe { instructions::values(from) };
        }
        for (to, &from) in to_tail.iter_mut().zip(from_tail) {
            *to = value_of(from.into(), TYPE_F16);
        }
        values
    }

    #[inline(always)]
    fn store<const N: usize>(self, values: &[f32; N], elements: &mut [u16; N]) {
        let (from, from_tail) = values.as_chunks::<8>();
        let (to, to_tail) = elements.as_chunks_mut::<8>();
        for (to, from) in to.iter_mut().zip(from) {
            // SAFETY: `self` exists, so `detect` found the instructions.
            *to = unsafe { instructions::nearest(from) };
        }
        for (to, &from) in to_tail.iter_mut().zip(from_tail) {
            *to = low_half(nearest(from, TYPE_F16));
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod instructions {
    use std::arch::x86_64::{_MM_FROUND_TO_NEAREST_INT, _mm256_cvtph_ps, _mm256_cvtps_ph};

    #[inline]
    #[target_feature(enable = "f16c")]
    pub(crate) fn values(elements: &[u16; 8]) -> [f32; 8] {
        bytemuck::cast(_mm256_cvtph_ps(bytemuck::cast(*elements)))
    }

    #[inline]
    #[target_feature(enable = "f16c")]
    pub(crate) fn nearest(values: &[f32; 8]) -> [u16; 8] {
        bytemuck::cast(_mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(bytemuck::cast(*values)))
    }
}

/// Binds a format to the element type that a kernel's parameters name, and goes on with it.
macro_rules! with_format {
    ($element:expr, $format:ident => $then:expr) => {
        match $element {
            element @ ($crate::kernel::elements::TYPE_F16 | $crate::kernel::elements::TYPE_BF16) => {
                let $format = $crate::cpu::format::Half::of(element);
                $then
            }
            _ => {
                let $format = $crate::cpu::format::F32;
                $then
            }
        }
    };
}

pub(crate) use with_format;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_convert_as_the_integers_do() {
        let Some(f16c) = F16c::detect().map(Half::F16c) else { return };
        for first in (0..=u16::MAX).step_by(9) {
            let elements: [u16; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|k| first.saturating_add(k));
            for (there, here) in f16c.values(&elements).into_iter().zip(Half::F16.values(&elements)) {
                assert!(there.to_bits() == here.to_bits() || there.is_nan() && here.is_nan(), "{here}");
            }
            // ties, their neighbours, and every exponent
            let values: [f32; 9] = std::array::from_fn(|k| {
                let low = [0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0xf000, 0xffff][k];
                f32::from_bits(u32::from(first) << 16 | low)
            });
            let (mut there, mut here) = ([0; 9], [0; 9]);
            f16c.store(&values, &mut there);
            Half::F16.store(&values, &mut here);
            for ((there, here), value) in there.into_iter().zip(here).zip(values) {
                assert!(there == here || value.is_nan(), "{value:e}: {there:#x} {here:#x}");
            }
        }
    }
}
