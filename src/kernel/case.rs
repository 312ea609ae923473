//! A case: the input of one dispatch, from which parity tests, benches and `roofline` are made.

use super::{Bindings, words_of};
use bytemuck::NoUninit;

/// The content of one binding of a case.
#[derive(Debug, Clone)]
pub struct CaseBinding {
    /// The binding's words before the call.
    pub words: Vec<u32>,
    /// What the words are, and so how they are compared.
    pub holds: Holds,
}

/// What the words of a binding are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Integers, compared by value.
    Ints,
    /// `f32`, compared by the parity class.
    Floats,
    /// Floats of 16 or 32 bits, or integers among floats: compared by value, but on devices that contract
    /// products a word may differ as a float may, and halves of it by two units in the last place.
    Mixed,
}

impl CaseBinding {
    /// Integers.
    #[must_use]
    pub fn ints<T: NoUninit>(data: &[T]) -> Self {
        Self { words: words_of(data), holds: Holds::Ints }
    }

    /// Floats.
    #[must_use]
    pub fn floats(data: &[f32]) -> Self {
        Self { words: words_of(data), holds: Holds::Floats }
    }

    /// Words that are floats of other widths, or hold both floats and integers.
    #[must_use]
    pub fn mixed<T: NoUninit>(data: &[T]) -> Self {
        Self { words: words_of(data), holds: Holds::Mixed }
    }

    /// An output of `len` floats that is poisoned: what the kernel does not write stays this pattern.
    #[must_use]
    pub fn poisoned(len: usize) -> Self {
        Self { words: vec![POISON; len], holds: Holds::Floats }
    }

    /// An output of `len` integers, likewise.
    #[must_use]
    pub fn unwritten(len: usize) -> Self {
        Self { words: vec![UNWRITTEN; len], holds: Holds::Ints }
    }

    /// Whether it is such an output, and so nothing that a call could use up.
    pub(crate) fn is_output(&self) -> bool {
        self.words.iter().all(|&word| word == POISON) || self.words.iter().all(|&word| word == UNWRITTEN)
    }
}

/// A quiet NaN that no arithmetic makes.
pub(crate) const POISON: u32 = 0x7fc0_beef;
/// What integers are before they are written.
const UNWRITTEN: u32 = 0x7777_7777;

/// What a binding must hold after the call, from an `f64` computation.
#[derive(Debug, Clone)]
pub struct Oracle {
    /// The binding's name.
    pub binding: &'static str,
    /// The values.
    pub expected: Vec<f64>,
    /// For each value the sum of the absolute values of its terms.
    pub magnitude: Vec<f64>,
}

/// One input of a kernel.
#[derive(Debug, Clone)]
pub struct Case {
    /// Name, unique within the kernel.
    pub name: String,
    /// The variants it can run with.
    pub variants: Vec<usize>,
    /// The parameters' bytes.
    pub params: Vec<u8>,
    /// The bindings, in order.
    pub bindings: Vec<CaseBinding>,
    /// Work items; the groups follow from the kernel's workgroup.
    pub groups: u32,
    /// For [`Parity::Sum`](super::Parity::Sum).
    pub oracle: Option<Oracle>,
    /// Bytes the algorithm must move.
    pub bytes: u64,
    /// Floating-point operations.
    pub flops: u64,
    /// Whether benches time it (the others are edges for the tests).
    pub bench: bool,
}

impl Case {
    /// A case that runs with all of `variants`, for tests only.
    pub(crate) fn new<I: Bindings<CaseBinding>>(
        name: impl Into<String>,
        variants: impl IntoIterator<Item = usize>,
        params: &I::Params,
        bindings: I,
        groups: u32,
    ) -> Self {
        Self {
            name: name.into(),
            variants: variants.into_iter().collect(),
            params: bytemuck::bytes_of(params).to_vec(),
            bindings: bindings.into_list(),
            groups,
            oracle: None,
            bytes: 0,
            flops: 0,
            bench: false,
        }
    }

    /// Makes it a bench too, with the bytes and flops it must move and do.
    pub(crate) fn bench(mut self, bytes: u64, flops: u64) -> Self {
        (self.bytes, self.flops, self.bench) = (bytes, flops, true);
        self
    }
}
