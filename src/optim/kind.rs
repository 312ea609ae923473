//! What the list of optimizers says of each.

use super::list::optimizers;
use crate::kernel::elements::TYPE_F32;

/// What an optimizer keeps for a row, and how often it sums over one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptimizerKernel {
    /// The name of its shader file.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) name: &'static str,
    /// Values for each element.
    pub(crate) element_values: u32,
    /// Words for the row.
    pub(crate) row_values: u32,
    /// Sums of the gradient, or of what is made of it, before the update; a norm is two, as it is made once
    /// more where the sum is infinite.
    pub(crate) sums: u32,
}

impl OptimizerKernel {
    /// Words of a block of one value for each element.
    pub(crate) fn block(&self, dim: u32, state_type: u32) -> u32 {
        if state_type == TYPE_F32 { dim } else { dim.div_ceil(2) }
    }

    /// Words that are kept for a row: blocks, then the row's own, which take the space of four if there are
    /// blocks.
    pub(crate) fn state_words(&self, dim: u32, state_type: u32) -> u32 {
        let blocks = self.element_values * self.block(dim, state_type);
        match (blocks, self.row_values) {
            (0, row) => row,
            (blocks, 0) => blocks,
            // four words begin at a multiple of their size
            (blocks, _) => blocks + 4,
        }
    }
}

macro_rules! from_list {
    ({ $($rows:tt)+ } { $($more:tt)+ }) => { from_list! { $($rows)+ $($more)+ } };
    ($($kind:ident: $name:literal, $state:ident, $elements:literal, $row:literal, $sums:literal, $trust:ident, $weights:ident;)+) => {
        /// A fused optimizer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum OptimizerKind {
            $($kind),+
        }

        impl OptimizerKind {
            /// In the order of the variants.
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];

            pub(crate) fn kernel(self) -> OptimizerKernel {
                match self {
                    $(Self::$kind => OptimizerKernel {
                        #[cfg(any(test, feature = "testing"))]
                        name: $name,
                        element_values: $elements,
                        row_values: $row,
                        sums: $sums,
                    },)+
                }
            }
        }
    };
}
optimizers!(from_list);
