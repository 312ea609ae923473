//! What a kernel is: bindings, parameters, shader variants, a CPU twin and a list of cases.
//!
//! This module knows nothing of embeddings; the kernels themselves are listed in
//! [`kernels`](crate::kernels). From a [`Kernel`] come the pipeline, the CPU dispatch, and every test and
//! benchmark that is the same for all kernels.

mod call;
#[cfg(feature = "testing")]
mod case;
pub(crate) mod elements;
mod interface;
mod layout;
mod precision;
mod shape;
mod source;

pub use call::Call;
pub(crate) use call::{Slot, words_of};
#[cfg(feature = "testing")]
pub use case::{Case, CaseBinding, Holds, Oracle};
pub use interface::{Access, Binding, Flag, Interface, Type};
pub(crate) use interface::{Bindings, Stored, StoredType, interface, seen, wgsl_type};
pub use layout::{Element, Field, StructLayout};
pub(crate) use layout::{Wgsl, shared_struct};
pub use source::Fragment;
pub(crate) use source::{fragment, fragments};

pub use precision::Precision;
pub use shape::Shape;

/// How closely the GPU must agree with the CPU twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// The same bits, on adapters that neither contract nor flush (software adapters do neither); elsewhere
    /// within a few units in the last place.
    Bits,
    /// Within `1e-5` of the sum of the absolute values of the terms, against an `f64` [`Oracle`].
    Sum,
    /// Within `4e-6` of the larger of one and the value's size (kernels with `exp` or `log`).
    Transcendental,
}

/// One way of compiling a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// The variant's name, unique within the kernel, for example `vec4.wide`.
    pub name: &'static str,
    /// For which machines it is meant.
    pub shape: Shape,
    /// Threads in a workgroup; the shader gets it as the override `WORKGROUP`.
    pub workgroup: u32,
    /// The other overrides.
    pub constants: &'static [(&'static str, u32)],
    /// The source, in order; the last is the kernel's body.
    pub sources: &'static [Fragment],
}

impl Variant {
    /// Whether the device must have 16-bit floats: the source then begins by enabling them.
    #[must_use]
    pub fn needs_f16(&self) -> bool {
        self.begins_with("prelude/enable_f16.wgsl") || self.needs_cooperative()
    }

    /// Whether the device must have cooperative matrices of 16 x 16, of 16-bit floats with sums of 32 bits.
    #[must_use]
    pub fn needs_cooperative(&self) -> bool {
        self.begins_with("prelude/enable_cooperative.wgsl")
    }

    fn begins_with(&self, path: &str) -> bool {
        self.sources.first().is_some_and(|first| first.path == path)
    }

    /// Whether the device must have subgroups of 8 to 32 threads.
    #[must_use]
    pub fn needs_subgroups(&self) -> bool {
        self.sources.iter().any(|fragment| fragment.path == "prelude/subgroups.wgsl")
    }
}

/// One kernel: a WGSL body, its CPU twin, and everything that tests and benches need.
#[derive(Debug)]
#[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "some of it is for tests"))]
pub struct Kernel {
    /// The stem that shader, twin, entry, wgpu label and bench share.
    pub name: &'static str,
    /// The formula, in one line.
    pub about: &'static str,
    /// Parameters and bindings.
    pub interface: Interface,
    /// Every variant.
    pub variants: &'static [Variant],
    /// How closely GPU and twin agree.
    pub parity: Parity,
    /// The CPU twin.
    pub twin: fn(Call<'_>),
    /// The cases of tests and benches.
    #[cfg(feature = "testing")]
    pub cases: fn() -> Vec<Case>,
}

impl Kernel {
    /// The flags that a variant is compiled for: see [`Interface::flags`].
    fn flags_of(&self, variant: &Variant) -> &'static [Flag] {
        if variant.shape == Shape::Wide { self.interface.flags } else { &[] }
    }

    /// A call's flags that a variant is compiled for, a bit each in their order.
    #[must_use]
    pub fn flags(&self, variant: usize, params: &[u8]) -> u32 {
        let is_set = |flag: &Flag| params.get(flag.offset) == Some(&1);
        let flags = self.flags_of(&self.variants[variant]).iter().zip(0..);
        flags.filter(|(flag, _)| is_set(flag)).map(|(_, bit)| 1 << bit).sum()
    }

    /// Every set of flags that a variant can be compiled for.
    #[must_use]
    pub fn flag_sets(&self, variant: usize) -> std::ops::Range<u32> {
        0..1 << self.flags_of(&self.variants[variant]).len()
    }

    /// Every override of a variant, with its value for a set of flags.
    pub fn overrides(&self, variant: &Variant, flags: u32) -> impl Iterator<Item = (&'static str, u32)> {
        let compiled = self.flags_of(variant).iter().zip(0..);
        [("WORKGROUP", variant.workgroup)]
            .into_iter()
            .chain(variant.constants.iter().copied())
            .chain(compiled.map(move |(flag, bit)| (flag.name, flags >> bit & 1)))
    }

    /// Workgroups with one thread for each of `threads` work items.
    pub(crate) fn groups(&self, variant: usize, threads: u32) -> u32 {
        threads.div_ceil(self.variants[variant].workgroup)
    }
}

#[cfg(feature = "testing")]
impl Kernel {
    /// The index of a variant by name.
    ///
    /// # Panics
    /// If there is no such variant: names are constants of this crate, and a test asks for each.
    #[must_use]
    pub fn variant(&self, name: &str) -> usize {
        match self.variants.iter().position(|v| v.name == name) {
            Some(index) => index,
            None => unreachable!("kernel {} has no variant {name}", self.name),
        }
    }
}
