//! Examples of any data set.

/// Examples to train and to test with, in order.
pub(crate) struct Clicks {
    pub(crate) features: Vec<Feature>,
    /// Numbers of each example.
    pub(crate) numbers: usize,
    pub(crate) train: Examples,
    pub(crate) test: Examples,
}

/// Something that examples have ids of.
pub(crate) struct Feature {
    pub(crate) name: String,
    pub(crate) rows: usize,
}

/// Values of all examples, feature by feature.
pub(crate) struct Examples {
    pub(crate) numbers: Vec<f32>,
    pub(crate) labels: Vec<f32>,
    /// Of each feature.
    pub(crate) bags: Vec<Bags>,
}

/// The ids of one feature.
#[derive(Default)]
pub(crate) struct Bags {
    pub(crate) ids: Vec<u32>,
    /// Where each example's ids begin, and where the last ends.
    offsets: Vec<usize>,
}

impl Bags {
    pub(crate) fn push(&mut self, ids: impl IntoIterator<Item = u32>) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.ids.extend(ids);
        self.offsets.push(self.ids.len());
    }

    /// The ids of some examples, and how many each has.
    pub(crate) fn of(&self, examples: &[usize]) -> (Vec<u32>, Vec<u32>) {
        let of = |&example: &usize| &self.ids[self.offsets[example]..self.offsets[example + 1]];
        let lengths = examples.iter().map(|example| of(example).len() as u32).collect();
        (examples.iter().flat_map(of).copied().collect(), lengths)
    }
}

impl Examples {
    pub(crate) fn new(features: usize) -> Self {
        let bags = (0..features).map(|_| Bags::default()).collect();
        Self { numbers: Vec::new(), labels: Vec::new(), bags }
    }

    /// `width` numbers of each of some examples.
    pub(crate) fn numbers_of(&self, examples: &[usize], width: usize) -> Vec<f32> {
        let of = |&example: &usize| &self.numbers[example * width..(example + 1) * width];
        examples.iter().flat_map(of).copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }
}
