//! Made-up sorted terms for the cases of update kernels.

use super::part::{Part, Term};
use super::random::Random;
use crate::numbers::narrow;

/// Sorted keys and terms over tables side by side.
#[derive(Debug, Clone)]
pub(crate) struct UpdateInputs {
    pub(crate) parts: Vec<Part>,
    pub(crate) keys: Vec<u32>,
    pub(crate) terms: Vec<Term>,
    pub(crate) grad: Vec<f32>,
    /// Values of the tables, with those between rows.
    pub(crate) table: Vec<f32>,
    pub(crate) rows: u32,
    pub(crate) none_key: u32,
}

impl UpdateInputs {
    /// `rows` rows for each dim without gaps and without state; key `k` has `lengths(k)` terms.
    pub(crate) fn new(
        dims: &[u32],
        rows: u32,
        seed: u64,
        lengths: impl FnMut(u32, &mut Random) -> u32,
    ) -> Self {
        Self::with_layout(dims, rows, |dim| (dim, 0), seed, lengths)
    }

    /// [`UpdateInputs::new`] with elements from row to row, and words of state from row to row, for each dim.
    pub(crate) fn with_layout(
        dims: &[u32],
        rows: u32,
        strides: impl Fn(u32) -> (u32, u32),
        seed: u64,
        mut lengths: impl FnMut(u32, &mut Random) -> u32,
    ) -> Self {
        let mut random = Random::new(seed);
        let widest = dims.iter().copied().max().unwrap_or(1).next_multiple_of(4);
        let grad_rows = 300;
        let (mut parts, mut keys, mut terms) = (Vec::new(), Vec::new(), Vec::new());
        let (mut base, mut state_base, mut key_first) = (0, 0, 0);
        for &dim in dims {
            let (stride, state_stride) = strides(dim);
            let (row_first, random_seed) = (3 * key_first, 77 + key_first);
            parts.push(Part {
                key_first,
                rows,
                row_first,
                row_step: 1 + key_first % 3,
                column_first: key_first % 5,
                base,
                stride,
                state_base,
                state_stride,
                dim,
                random: random_seed,
            });
            for key in key_first..key_first + rows {
                for _ in 0..lengths(key, &mut random) {
                    keys.push(key);
                    let factor = if random.below(2) == 0 { 1.0 } else { random.float() };
                    terms.push([random.below(grad_rows) * widest, f32::to_bits(factor)]);
                }
            }
            base += rows * stride;
            state_base += rows * state_stride;
            key_first += rows;
        }
        // ids without a row come last
        keys.extend([key_first; 3]);
        terms.extend([[0, 0]; 3]);
        Self {
            parts,
            keys,
            terms,
            grad: random.floats((grad_rows * widest) as usize),
            table: random.floats(base as usize),
            rows: key_first,
            none_key: key_first,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        narrow(self.keys.len())
    }

    pub(crate) fn part_count(&self) -> u32 {
        narrow(self.parts.len())
    }

    /// vec4s of the widest row.
    pub(crate) fn stride(&self) -> u32 {
        self.parts.iter().map(|part| part.dim.div_ceil(4)).max().unwrap_or(1)
    }

    /// Columns that the terms touch: for bytes and flops.
    pub(crate) fn columns(&self) -> u64 {
        self.keys.iter().map(|&key| u64::from(self.dim_of(key))).sum()
    }

    pub(crate) fn dim_of(&self, key: u32) -> u32 {
        self.parts.iter().rfind(|part| part.key_first <= key).map_or(0, |part| part.dim)
    }
}
