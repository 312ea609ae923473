//! What a chunk is worth.

use crate::{Error, Result};

/// How much the number of occurrences counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frequency {
    /// Not at all beside the gradient, whose sum grows with it.
    Ignored,
    /// Its square root.
    #[default]
    Root,
    /// Itself.
    Whole,
}

/// The utility of a chunk: in each step that its row occurs in, what `decay` has left of it, plus the number
/// of occurrences `n` to a power times the norm of the chunk's summed gradient (FIITED, section 3; chunks
/// without a slot earn utility too, from the gradient of the output). Where several features share a table,
/// gradients and occurrences are those of all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Utility {
    /// How much `n` counts.
    pub frequency: Frequency,
    /// What a step leaves, 1 for all. Fast decay costs accuracy: what was learnt is thrown away.
    pub decay: f32,
}

impl Default for Utility {
    /// The square root of the frequency, without decay.
    fn default() -> Self {
        Self { frequency: Frequency::default(), decay: 1.0 }
    }
}

impl Utility {
    pub(super) fn validate(self) -> Result<()> {
        if self.decay > 0.0 && self.decay <= 1.0 {
            return Ok(());
        }
        Err(Error::invalid("utility decay", "above 0, and at most 1", self.decay))
    }

    /// In halves, as the kernel has it.
    pub(super) fn exponent(self) -> u32 {
        match self.frequency {
            Frequency::Ignored => 0,
            Frequency::Root => 1,
            Frequency::Whole => 2,
        }
    }
}
