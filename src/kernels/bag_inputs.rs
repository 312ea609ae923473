//! Made-up batches for the cases of bag kernels.

use super::feature::{Feature, NONE, POOL_MEAN, POOL_NONE, POOL_SUM};
use super::random::Random;
use crate::cpu::row_codes;
use crate::cpu::types::packed;
use crate::kernel::elements::{TYPE_F32, header_words, stride};
use crate::numbers::narrow;

/// A batch over as many tables as there are features, side by side in one window.
#[derive(Debug, Clone)]
pub(crate) struct BagInputs {
    pub(crate) batch: u32,
    pub(crate) features: Vec<Feature>,
    pub(crate) offsets: Vec<u32>,
    pub(crate) ids: Vec<u32>,
    pub(crate) weights: Vec<f32>,
    pub(crate) table: Vec<f32>,
    /// Of the rows and of the output.
    pub(crate) types: [u32; 2],
    /// Elements of the output.
    pub(crate) out_len: usize,
    /// Threads of the forward.
    pub(crate) work: u32,
    /// 1: some ids are [`NONE`], which stands for a row of zeros.
    pub(crate) pruned: u32,
}

/// Rows of each table of a [`BagInputs`].
const ROWS: u32 = 97;

impl BagInputs {
    /// Tables of the given dims, bags of up to `longest` ids. Pooling goes sum, mean, none in turn; some bags
    /// are empty, some hold one row many times, some ids are the padding id.
    pub(crate) fn new(dims: &[u32], batch: u32, longest: u32, seed: u64) -> Self {
        Self::with_types(dims, batch, longest, [TYPE_F32; 2], seed)
    }

    /// [`BagInputs::new`] with the types of rows and output.
    pub(crate) fn with_types(dims: &[u32], batch: u32, longest: u32, types: [u32; 2], seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (mut offsets, mut ids) = (vec![0], Vec::new());
        let mut features = Vec::new();
        let (mut table_len, mut key_base) = (0, 0);
        for (&dim, index) in dims.iter().zip(0u32..) {
            let pooling = [POOL_SUM, POOL_MEAN, POOL_NONE][index as usize % 3];
            let padding = if index % 2 == 1 { 5 } else { NONE };
            for _ in 0..batch {
                let length = random.below(longest + 1);
                let hot = random.below(4) == 0;
                ids.extend((0..length).map(|_| if hot { 3 } else { random.below(ROWS) }));
                offsets.push(narrow(ids.len()));
            }
            features.push(Feature {
                index,
                dim,
                rows: ROWS,
                padding,
                pooling,
                window_rows: ROWS,
                window_base: table_len,
                window_stride: stride(dim, types[0]),
                initial: 1,
                key_base,
                ..Feature::default()
            });
            table_len += ROWS * stride(dim, types[0]);
            key_base += ROWS;
        }
        let weights = random.floats(ids.len().max(1));
        let table = random.floats(table_len as usize);
        ids.push(0); // never read; keeps the binding from being empty
        let mut inputs =
            Self { batch, features, offsets, ids, weights, table, types, out_len: 0, work: 0, pruned: 0 };
        inputs.lay_out(|dim| dim.div_ceil(4));
        inputs
    }

    /// Every third id becomes [`NONE`].
    pub(crate) fn prune(&mut self) {
        self.pruned = 1;
        self.ids.iter_mut().step_by(3).for_each(|id| *id = NONE);
    }

    /// The table as words, rounded to the nearest.
    pub(crate) fn table_words(&self) -> Vec<u32> {
        let element = self.types[0];
        if header_words(element) == 0 {
            return packed(&self.table, element);
        }
        let rows = |f: &Feature| {
            let values: Vec<f32> = self.table.iter().copied().cycle().take((ROWS * f.dim) as usize).collect();
            row_codes::pack(&values, f.dim as usize, element, false)
        };
        self.features.iter().flat_map(rows).collect()
    }

    /// Ids of feature `f`.
    pub(crate) fn count(&self, f: usize) -> u32 {
        let bag = |b: usize| self.offsets[b * self.batch as usize];
        bag(f + 1) - bag(f)
    }

    /// Ids of the longest bag.
    pub(crate) fn longest(&self) -> u32 {
        self.offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
    }

    /// Leaves only some of the features, whose keys then lie side by side; returns how many ids they have.
    pub(crate) fn choose(&mut self, members: &[usize]) -> u32 {
        let mut place = 0;
        let chosen = members.iter().map(|&f| {
            let shift = self.offsets[f * self.batch as usize] - place;
            place += self.count(f);
            Feature { shift, ..self.features[f] }
        });
        self.features = chosen.collect();
        place
    }

    pub(crate) fn feature_count(&self) -> u32 {
        narrow(self.features.len())
    }

    /// Pooled features side by side in one matrix, the others behind it; `lanes` threads for a row of a dim.
    pub(crate) fn lay_out(&mut self, lanes: impl Fn(u32) -> u32) {
        // columns of 16-bit outputs begin at whole words
        let columns = |f: &Feature| stride(f.dim, self.types[1]);
        let pooled: u32 = self.features.iter().filter(|f| f.pooling != POOL_NONE).map(columns).sum();
        let (mut column, mut behind, mut work) = (0, pooled * self.batch, 0);
        for f in 0..self.features.len() {
            let count = self.count(f);
            let batch = self.batch;
            let width = stride(self.features[f].dim, self.types[1]);
            let feature = &mut self.features[f];
            feature.lanes = lanes(feature.dim);
            feature.work_begin = work;
            if feature.pooling == POOL_NONE {
                (feature.out_base, feature.out_stride) = (behind, width);
                behind += count * width;
                work += count * feature.lanes;
            } else {
                (feature.out_base, feature.out_stride) = (column, pooled);
                column += width;
                work += batch * feature.lanes;
            }
        }
        (self.out_len, self.work) = (behind as usize, work);
    }
}
