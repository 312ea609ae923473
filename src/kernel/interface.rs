//! What a kernel is given, declared once: from [`interface!`] come the parameters and the list of bindings,
//! the struct that call sites and cases fill by name, the view that the CPU twin gets, and the declarations
//! in the shader.

use std::fmt::{self, Write};

use bytemuck::Pod;

use super::{Element, Kernel, StructLayout, Wgsl};

/// How a kernel uses a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    ReadWrite,
}

/// What a binding holds, in WGSL.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// One value.
    One(Element),
    /// As many values as fit.
    Array(Element),
    /// Spelled out: atomics, vectors of what Rust sees one by one, and the aliases that make an element type
    /// differ between variants.
    Given(&'static str),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(element) => f.write_str(element.name()),
            Self::Array(element) => write!(f, "array<{}>", element.name()),
            Self::Given(name) => f.write_str(name),
        }
    }
}

/// One storage binding of a kernel, at `@group(0) @binding(index in the list)`.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The variable's name in the shader.
    pub name: &'static str,
    /// How it is used.
    pub access: Access,
    /// What it holds.
    pub ty: Type,
}

impl Binding {
    /// One that is only read.
    pub(crate) const fn read(name: &'static str, ty: Type) -> Self {
        Self { name, access: Access::Read, ty }
    }

    /// One that is read and written.
    pub(crate) const fn write(name: &'static str, ty: Type) -> Self {
        Self { name, access: Access::ReadWrite, ty }
    }

    /// The struct that it holds, alone or in an array.
    #[must_use]
    pub fn layout(&self) -> Option<&'static StructLayout> {
        match self.ty {
            Type::One(Element::Struct(layout)) | Type::Array(Element::Struct(layout)) => Some(layout),
            Type::One(Element::Plain(_)) | Type::Array(Element::Plain(_)) | Type::Given(_) => None,
        }
    }
}

/// Parameters and bindings of a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Interface {
    /// The file that declares it.
    pub file: &'static str,
    /// The uniform parameters at `@group(1) @binding(0)`.
    pub params: StructLayout,
    /// The storage bindings, in order.
    pub bindings: &'static [Binding],
    /// Parameters of 0 or 1 that variants for real GPUs have as overrides: there is a pipeline for each set of
    /// them, in which what is not asked for takes no registers.
    pub flags: &'static [Flag],
}

/// A parameter that is an override too.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The override.
    pub name: &'static str,
    /// Bytes before it in the parameters.
    pub offset: usize,
}

impl Interface {
    /// The declarations in WGSL. `aliased` has a bit for each read-only binding that lies in the same wgpu
    /// buffer as a written one: wgpu allows that only if both are declared `read_write`.
    #[must_use]
    pub fn wgsl(&self, aliased: u32) -> String {
        let mut structs: Vec<&StructLayout> = vec![&self.params];
        for layout in self.bindings.iter().filter_map(Binding::layout) {
            if structs.iter().all(|known| known.name != layout.name) {
                structs.push(layout);
            }
        }
        let mut out: String = structs.iter().map(ToString::to_string).collect();
        // writing to a String cannot fail
        for (i, Binding { name, access, ty }) in self.bindings.iter().enumerate() {
            let written = *access == Access::ReadWrite || aliased >> i & 1 == 1;
            let access = if written { "read_write" } else { "read" };
            let _ = writeln!(out, "@group(0) @binding({i}) var<storage, {access}> {name}: {ty};");
        }
        let _ = writeln!(out, "@group(1) @binding(0) var<uniform> params: {};", self.params.name);
        out
    }
}

/// A kernel's bindings by name: what is bound, its kernel and the kernel's parameters belong together.
pub(crate) trait Bindings<B> {
    type Params: Pod;
    const KERNEL: &'static Kernel;

    /// In the order of the declaration.
    fn into_list(self) -> Vec<B>;
}

/// What the twin sees of a binding: one value, or as many as fit.
pub(crate) trait Stored {
    fn of(words: &[u32]) -> &Self;
    fn of_mut(words: &mut [u32]) -> &mut Self;
}

/// What the shader sees of it, unless the declaration says otherwise.
pub(crate) trait StoredType: Stored {
    const TYPE: Type;
}

impl<T: Wgsl> Stored for T {
    fn of(words: &[u32]) -> &Self {
        &<[T]>::of(words)[0]
    }

    fn of_mut(words: &mut [u32]) -> &mut Self {
        &mut <[T]>::of_mut(words)[0]
    }
}

impl<T: Wgsl> StoredType for T {
    const TYPE: Type = Type::One(T::ELEMENT);
}

impl<T: Pod> Stored for [T] {
    fn of(words: &[u32]) -> &Self {
        bytemuck::cast_slice(&words[..whole::<T>(words.len())])
    }

    fn of_mut(words: &mut [u32]) -> &mut Self {
        let whole = whole::<T>(words.len());
        bytemuck::cast_slice_mut(&mut words[..whole])
    }
}

impl<T: Wgsl> StoredType for [T] {
    const TYPE: Type = Type::Array(T::ELEMENT);
}

/// The words of the values that fit: as in WGSL, a rest is no value. (What a call does not use may be any
/// memory.)
fn whole<T>(words: usize) -> usize {
    let value = size_of::<T>();
    words * 4 / value * value / 4
}

/// Declares a kernel's parameters and bindings: see the module. A binding is `name: read TYPE` or `name:
/// write TYPE`, of one struct or of a slice, and `as "…"` where the shader sees another type. Without
/// `Params` the kernel has those that are in scope, another kernel's. `Flags` are `OVERRIDE: parameter`.
macro_rules! interface {
    ($(#[$meta:meta])* Params { $($params:tt)* } $(Flags { $($flag:ident: $param:ident),+ $(,)? })? Bindings { $($bindings:tt)* }) => {
        $crate::kernel::shared_struct! { $(#[$meta])* Params { $($params)* } }
        $crate::kernel::interface! { $(Flags { $($flag: $param),+ })? Bindings { $($bindings)* } }
    };
    ($(Flags { $($flag:ident: $param:ident),+ $(,)? })? Bindings { $($(#[$meta:meta])* $name:ident: $access:ident $ty:ty $(as $wgsl:literal)?),+ $(,)? }) => {
        /// What is bound, by name.
        #[derive(Debug, Clone)]
        #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "one kernel is for measurements alone"))]
        pub(crate) struct Bindings<B> { $($(#[$meta])* pub(crate) $name: B),+ }

        impl<B> $crate::kernel::Bindings<B> for Bindings<B> {
            type Params = Params;
            const KERNEL: &'static $crate::kernel::Kernel = &KERNEL;

            fn into_list(self) -> Vec<B> {
                vec![$(self.$name),+]
            }
        }

        /// What the twin is called with.
        #[allow(dead_code, reason = "few twins need all of it")]
        pub(crate) struct View<'a> {
            pub(crate) variant: usize,
            pub(crate) params: Params,
            $(pub(crate) $name: $crate::kernel::seen!($access 'a $ty)),+
        }

        impl<'a> From<$crate::kernel::Call<'a>> for View<'a> {
            fn from(mut call: $crate::kernel::Call<'a>) -> Self {
                Self { variant: call.variant, params: call.params(), $($name: call.$access()),+ }
            }
        }

        const INTERFACE: $crate::kernel::Interface = $crate::kernel::Interface {
            file: file!(),
            params: Params::LAYOUT,
            bindings: &[$($crate::kernel::Binding::$access(
                stringify!($name),
                $crate::kernel::wgsl_type!($ty $(, $wgsl)?),
            )),+],
            flags: &[$($($crate::kernel::Flag {
                name: stringify!($flag),
                offset: std::mem::offset_of!(Params, $param),
            }),+)?],
        };
    };
}

/// The type of a field of a view.
macro_rules! seen {
    (read $life:lifetime $ty:ty) => { &$life $ty };
    (write $life:lifetime $ty:ty) => { &$life mut $ty };
}

/// The type of a binding in WGSL.
macro_rules! wgsl_type {
    ($ty:ty) => {
        <$ty as $crate::kernel::StoredType>::TYPE
    };
    ($ty:ty, $wgsl:literal) => {
        $crate::kernel::Type::Given($wgsl)
    };
}
pub(crate) use {interface, seen, wgsl_type};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::bag_forward;

    #[test]
    fn declarations_are_written() {
        let interface = bag_forward::KERNEL.interface;
        let text = interface.wgsl(0b10);
        assert!(text.starts_with("struct Params {\n    batch: u32,\n"), "{text}");
        for line in [
            "struct Feature {",
            "@group(0) @binding(0) var<storage, read> status: Status;",
            "@group(0) @binding(1) var<storage, read_write> features: array<Feature>;",
            "@group(0) @binding(5) var<storage, read> rows: array<RowsElem>;",
            "@group(0) @binding(6) var<storage, read_write> out: array<OutElem>;",
            "@group(1) @binding(0) var<uniform> params: Params;",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_rest_is_no_value() {
        assert_eq!(<[[u32; 2]]>::of(&[1, 2, 3]), [[1, 2]]);
        assert_eq!(<[[u32; 4]]>::of_mut(&mut [1, 2, 3]), [[0; 4]; 0]);
        assert_eq!(<[u8]>::of(&[0x0403_0201]), 0x0403_0201u32.to_ne_bytes());
    }
}
