//! Uniform parameters: one Rust struct, whose field list a test holds against the shader's.

/// Name, size and fields of a parameter struct.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "tests hold it against the shaders"))]
pub struct ParamsLayout {
    /// Size in bytes.
    pub size: usize,
    /// Field names with their byte offsets, in order.
    pub fields: &'static [(&'static str, usize)],
}

/// Declares a `#[repr(C)]` struct of 4-byte scalars together with its [`ParamsLayout`].
macro_rules! params {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $field: $ty),* }
        impl $name {
            #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "tests hold it against the shaders"))]
            pub(crate) const LAYOUT: $crate::kernel::ParamsLayout = $crate::kernel::ParamsLayout {
                size: size_of::<Self>(),
                fields: &[$((stringify!($field), std::mem::offset_of!(Self, $field))),*],
            };
        }
    };
}
pub(crate) use params;
