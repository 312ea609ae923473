//! Structs that Rust and WGSL share: declared in Rust, generated into the shaders.

use bytemuck::Pod;
use std::fmt;

/// What lies in memory, by its name in WGSL.
#[derive(Debug, Clone, Copy)]
pub enum Element {
    /// A scalar or a vector.
    Plain(&'static str),
    /// A struct, which the shader must declare.
    Struct(&'static StructLayout),
}

impl Element {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(name) => name,
            Self::Struct(layout) => layout.name,
        }
    }
}

/// A struct of 4-byte scalars.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "testing"),
    allow(dead_code, reason = "tests hold sizes and offsets against the shaders")
)]
pub struct StructLayout {
    /// Its name in both languages.
    pub name: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// The fields, in order.
    pub fields: &'static [Field],
}

/// A field of a [`StructLayout`].
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "testing"),
    allow(dead_code, reason = "tests hold sizes and offsets against the shaders")
)]
pub struct Field {
    /// Its name in both languages.
    pub name: &'static str,
    /// Bytes before it.
    pub offset: usize,
    /// Its type.
    pub element: Element,
}

/// The declaration in WGSL.
impl fmt::Display for StructLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "struct {} {{", self.name)?;
        for field in self.fields {
            writeln!(f, "    {}: {},", field.name, field.element.name())?;
        }
        writeln!(f, "}}")
    }
}

/// A type with a counterpart in WGSL.
pub(crate) trait Wgsl: Pod {
    const ELEMENT: Element;
}

macro_rules! plain {
    ($($ty:ty: $name:literal),+) => {
        $(impl Wgsl for $ty {
            const ELEMENT: Element = Element::Plain($name);
        })+
    };
}
plain!(u32: "u32", i32: "i32", f32: "f32", [u32; 2]: "vec2<u32>", [u32; 4]: "vec4<u32>", [f32; 4]: "vec4<f32>");

/// Declares a `#[repr(C)]` struct of 4-byte scalars that shaders know too.
macro_rules! shared_struct {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $field: $ty),* }
        impl $name {
            pub(crate) const LAYOUT: $crate::kernel::StructLayout = $crate::kernel::StructLayout {
                name: stringify!($name),
                size: size_of::<Self>(),
                fields: &[$($crate::kernel::Field {
                    name: stringify!($field),
                    offset: std::mem::offset_of!(Self, $field),
                    element: <$ty as $crate::kernel::Wgsl>::ELEMENT,
                }),*],
            };
        }
        impl $crate::kernel::Wgsl for $name {
            const ELEMENT: $crate::kernel::Element = $crate::kernel::Element::Struct(&Self::LAYOUT);
        }
    };
}
pub(crate) use shared_struct;
