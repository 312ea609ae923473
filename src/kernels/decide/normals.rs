//! Twin of `decide/normals.wgsl`.

use std::ops::Range;

use super::BLOCK;

/// Normals of constraints: of each instance, or of all of them alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normals<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) instances: usize,
    pub(crate) is_shared: bool,
}

impl Normals<'_> {
    /// Adds the products of a row's normals with what each instance of a block has.
    #[inline(always)]
    pub(crate) fn add(self, row: usize, block: &Range<usize>, of: &[f32], sums: &mut [f32; BLOCK]) {
        let sums = sums.iter_mut().zip(of);
        if self.is_shared {
            let normal = self.values[row];
            // floors are of few entries
            if normal != 0.0 {
                sums.for_each(|(sum, own)| *sum += normal * own);
            }
        } else {
            let normals = &self.values[row * self.instances..][block.clone()];
            sums.zip(normals).for_each(|((sum, own), normal)| *sum += normal * own);
        }
    }
}
