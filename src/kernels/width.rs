//! How many columns a thread takes at once.

/// The variants of the kernels that take four columns at once where they can, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// Every dim, beginning and stride is a multiple of four.
    Vec4,
    /// Any.
    Scalar,
}

impl Width {
    pub(crate) const ALL: [Self; 2] = [Self::Vec4, Self::Scalar];

    pub(crate) fn of(vec4: bool) -> Self {
        if vec4 { Self::Vec4 } else { Self::Scalar }
    }

    /// That of a variant.
    pub(crate) fn of_variant(variant: usize) -> Self {
        Self::ALL[variant]
    }

    pub(crate) fn variant(self) -> usize {
        self as usize
    }

    /// Values of an element.
    pub(crate) fn columns(self) -> u32 {
        match self {
            Self::Vec4 => 4,
            Self::Scalar => 1,
        }
    }
}
