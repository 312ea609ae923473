//! Data sets that are held in memory, and are shuffled as a whole.

use std::num::NonZeroUsize;

use super::examples::{Examples, Jagged, Schema};
use super::random::{generator, shuffle};
use super::{Batches, DataState, Dataset, Part};

/// Examples in memory, from which any selection can be taken.
#[derive(Debug)]
pub struct MemorySet {
    examples: Examples,
    /// For each feature, where the bag of each example starts.
    starts: Vec<Vec<usize>>,
    /// The numeric columns.
    columns: usize,
}

impl MemorySet {
    /// Indexes the bags of `examples`.
    pub fn new(examples: Examples, schema: &Schema) -> Self {
        let starts = |bags: &Jagged| {
            let next = |end: &mut usize, &length: &u32| {
                let start = *end;
                *end += length as usize;
                Some(start)
            };
            bags.lengths.iter().scan(0, next).collect()
        };
        Self {
            starts: examples.features.iter().map(starts).collect(),
            columns: schema.numeric.len(),
            examples,
        }
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// The examples of `indices`, in that order. Each index must be below [`Self::len`].
    pub fn gather(&self, indices: &[usize]) -> Examples {
        let numeric = |&i: &usize| &self.examples.numeric[i * self.columns..][..self.columns];
        Examples {
            labels: indices.iter().map(|&i| self.examples.labels[i]).collect(),
            numeric: indices.iter().flat_map(numeric).copied().collect(),
            features: (self.examples.features.iter().zip(&self.starts))
                .map(|(bags, starts)| gather_bags(bags, starts, indices))
                .collect(),
        }
    }

    fn batches(&self, order: Vec<usize>, batch: NonZeroUsize, part: Part) -> Batches<'_> {
        let (mut done, part) = (0, part.of(batch));
        Box::new(std::iter::from_fn(move || {
            let rest = &order[done..];
            let next = &rest[..batch.get().min(rest.len())];
            done += next.len();
            let own = part.start.min(next.len())..part.end.min(next.len());
            (!next.is_empty()).then(|| Ok(self.gather(&next[own])))
        }))
    }
}

fn gather_bags(bags: &Jagged, starts: &[usize], indices: &[usize]) -> Jagged {
    let range = |&i: &usize| starts[i]..starts[i] + bags.lengths[i] as usize;
    let values = |i| &bags.values[range(i)];
    Jagged {
        values: indices.iter().flat_map(values).copied().collect(),
        lengths: indices.iter().map(|&i| bags.lengths[i]).collect(),
        weights: bags.weights.as_ref().map(|weights| {
            let weights = |i| &weights[range(i)];
            indices.iter().flat_map(weights).copied().collect()
        }),
    }
}

/// A [`Dataset`] of two sets in memory.
#[derive(Debug)]
pub struct MemoryData {
    state: DataState,
    train: MemorySet,
    test: MemorySet,
}

impl MemoryData {
    /// Both sets follow the schema of `state`.
    pub fn new(state: DataState, train: Examples, test: Examples) -> Self {
        Self { train: MemorySet::new(train, &state.schema), test: MemorySet::new(test, &state.schema), state }
    }
}

impl Dataset for MemoryData {
    fn state(&self) -> &DataState {
        &self.state
    }

    fn train_len(&self) -> Option<usize> {
        Some(self.train.len())
    }

    fn test_len(&self) -> Option<usize> {
        Some(self.test.len())
    }

    fn train_part(&self, seed: u64, epoch: u64, batch: NonZeroUsize, part: Part) -> Batches<'_> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        shuffle(&mut order, &mut generator(seed, epoch));
        self.train.batches(order, batch, part)
    }

    fn test_part(&self, batch: NonZeroUsize, part: Part) -> Batches<'_> {
        self.test.batches((0..self.test.len()).collect(), batch, part)
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::FeatureSpec;
    use super::super::{DataError, Format, Ids};
    use super::*;

    fn schema() -> Schema {
        Schema {
            numeric: vec!["a".into(), "b".into()],
            features: vec![FeatureSpec {
                name: "bag".into(),
                table: "bag".into(),
                rows: 10,
                mean: false,
                weighted: true,
            }],
        }
    }

    fn examples() -> Examples {
        Examples {
            labels: vec![0.0, 1.0, 0.0],
            numeric: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5],
            features: vec![Jagged {
                values: vec![1, 2, 3],
                lengths: vec![2, 0, 1],
                weights: Some(vec![0.1, 0.2, 0.3]),
            }],
        }
    }

    #[test]
    fn gather_takes_labels_numerics_bags_and_weights_in_order() {
        let taken = MemorySet::new(examples(), &schema()).gather(&[2, 1, 0, 2]);
        assert_eq!(taken.labels, [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(taken.numeric, [2.0, 2.5, 1.0, 1.5, 0.0, 0.5, 2.0, 2.5]);
        let bags = Jagged {
            values: vec![3, 1, 2, 3],
            lengths: vec![1, 0, 2, 1],
            weights: Some(vec![0.3, 0.1, 0.2, 0.3]),
        };
        assert_eq!(taken.features, [bags]);
    }

    fn data(train: usize) -> MemoryData {
        let schema = schema();
        let mut set = Examples::empty(&schema);
        for id in (0..).take(train) {
            set.labels.push(0.0);
            set.numeric.extend([0.0; 2]);
            set.features[0].push([id]);
        }
        if let Some(weights) = &mut set.features[0].weights {
            weights.resize(train, 1.0);
        }
        MemoryData::new(DataState::new(Format::Synthetic, schema, Ids::Rows), set.clone(), set)
    }

    fn ids(batches: Batches<'_>) -> Result<Vec<Vec<u64>>, DataError> {
        batches.map(|batch| Ok(batch?.features.swap_remove(0).values)).collect()
    }

    #[test]
    fn the_order_is_a_function_of_seed_and_epoch() -> Result<(), DataError> {
        let data = data(10);
        let batch = NonZeroUsize::MIN.saturating_add(3);
        let first = ids(data.train(1, 0, batch))?;
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(first, ids(data.train(1, 0, batch))?);
        assert_ne!(first, ids(data.train(1, 1, batch))?);
        assert_ne!(first, ids(data.train(2, 0, batch))?);
        let mut all = first.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10));
        assert!(ids(data.test(batch))?.concat().into_iter().eq(0..10));
        Ok(())
    }

    #[test]
    fn parts_of_batches_are_those_of_whole_ones() -> Result<(), DataError> {
        let data = data(10);
        let batch = NonZeroUsize::MIN.saturating_add(3);
        let parts: Vec<_> = (0..3)
            .map(|rank| ids(data.train_part(1, 0, batch, Part::of_rank(rank, 3))))
            .collect::<Result<_, _>>()?;
        let sizes = |part: &Vec<Vec<u64>>| part.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(parts.iter().map(sizes).collect::<Vec<_>>(), [[2, 2, 2], [1, 1, 0], [1, 1, 0]]);
        let together = (0..3).map(|i| parts.iter().flat_map(|part| part[i].clone()).collect::<Vec<_>>());
        assert!(together.eq(ids(data.train(1, 0, batch))?));
        Ok(())
    }

    #[test]
    fn no_examples_make_no_batches() {
        assert_eq!(data(0).train(1, 0, NonZeroUsize::MIN).count(), 0);
    }
}
