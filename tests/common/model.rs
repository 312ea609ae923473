//! Bags and batches in plain host data, and what they should give: an independent reference in `f64`.
#![allow(dead_code, reason = "not every test binary uses everything")]

use embag::optim::{Optimizer, WeightDecay};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Table};

use crate::common;
use crate::random::Random;

/// One feature: its table, pooling and padding id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) table: usize,
    pub(crate) pooling: Pooling,
    pub(crate) padding: Option<u32>,
}

/// Tables `t0`, `t1`, … and features `f0`, `f1`, ….
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Rows and dims.
    pub(crate) tables: Vec<(usize, usize)>,
    pub(crate) features: Vec<Feature>,
    pub(crate) optimizer: Option<Optimizer>,
}

/// Ids by feature and example, and a weight for each.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    pub(crate) examples: usize,
    pub(crate) ids: Vec<Vec<Vec<u32>>>,
    pub(crate) weights: Option<Vec<f32>>,
}

/// Everything that a step reads or leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step<T> {
    /// One row-major matrix for each feature.
    pub(crate) outs: Vec<Vec<T>>,
    /// Empty if a feature is a sequence.
    pub(crate) weight_grad: Vec<T>,
    pub(crate) tables: Vec<Vec<T>>,
    pub(crate) states: Vec<Vec<T>>,
}

pub(crate) fn feature(table: usize, pooling: Pooling) -> Feature {
    Feature { table, pooling, padding: None }
}

pub(crate) fn padded(table: usize, pooling: Pooling, padding: u32) -> Feature {
    Feature { table, pooling, padding: Some(padding) }
}

impl Lists {
    /// Random bags of up to `longest` ids, some empty, some with one row many times over.
    pub(crate) fn random(model: &Model, examples: usize, longest: u32, weighted: bool, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let ids: Vec<Vec<Vec<u32>>> = model
            .features
            .iter()
            .map(|feature| {
                let rows = u32::try_from(model.tables[feature.table].0).unwrap();
                let list = |random: &mut Random| {
                    let hot = random.below(4) == 0;
                    let length = if rows == 0 { 0 } else { random.below(longest + 1) };
                    (0..length).map(|_| if hot { rows / 2 } else { random.below(rows) }).collect()
                };
                (0..examples).map(|_| list(&mut random)).collect()
            })
            .collect();
        let mut lists = Self { examples, ids, weights: None };
        lists.weights = weighted.then(|| random.floats(lists.values().len()));
        lists
    }

    pub(crate) fn values(&self) -> Vec<u32> {
        self.ids.iter().flatten().flatten().copied().collect()
    }

    pub(crate) fn lengths(&self) -> Vec<u32> {
        self.ids.iter().flatten().map(|list| u32::try_from(list.len()).unwrap()).collect()
    }

    pub(crate) fn offsets(&self) -> Vec<u32> {
        let mut end = 0;
        std::iter::once(0)
            .chain(self.lengths().into_iter().map(|length| {
                end += length;
                end
            }))
            .collect()
    }

    /// The ids of one feature.
    pub(crate) fn count(&self, feature: usize) -> usize {
        self.ids[feature].iter().map(Vec::len).sum()
    }

    pub(crate) fn build(&self, bags: &EmbeddingBags) -> JaggedBatch {
        bags.batch_from_lengths(&self.values(), &self.lengths(), self.weights.as_deref()).expect("a batch")
    }
}

impl Model {
    pub(crate) fn new(tables: &[(usize, usize)], features: &[Feature]) -> Self {
        Self { tables: tables.to_vec(), features: features.to_vec(), optimizer: None }
    }

    pub(crate) fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.optimizer = Some(optimizer.into());
        self
    }

    /// Whether all features go into one matrix.
    pub(crate) fn pooled(&self) -> bool {
        self.features.iter().all(|feature| feature.pooling != Pooling::None)
    }

    pub(crate) fn dim(&self, feature: usize) -> usize {
        self.tables[self.features[feature].table].1
    }

    /// Random tables.
    pub(crate) fn weights(&self, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random::new(seed);
        self.tables.iter().map(|&(rows, dim)| random.floats(rows * dim)).collect()
    }

    /// Random gradients of the outputs.
    pub(crate) fn grads(&self, lists: &Lists, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random::new(seed ^ 0xabcd);
        (0..self.features.len()).map(|f| random.floats(self.rows(lists, f) * self.dim(f))).collect()
    }

    /// Output rows of a feature.
    pub(crate) fn rows(&self, lists: &Lists, feature: usize) -> usize {
        match self.features[feature].pooling {
            Pooling::None => lists.count(feature),
            _ => lists.examples,
        }
    }

    pub(crate) fn bags(&self, ctx: &Context, weights: &[Vec<f32>]) -> EmbeddingBags {
        let mut builder = EmbeddingBags::builder(ctx);
        for (t, &(rows, dim)) in self.tables.iter().enumerate() {
            builder = builder.table(&format!("t{t}"), Table::rows(rows).dim(dim).init(Init::Zero));
        }
        for (f, feature) in self.features.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &format!("t{}", feature.table), feature.pooling);
            builder = feature.padding.into_iter().fold(builder, |builder, id| builder.padding(id));
        }
        builder = self.optimizer.into_iter().fold(builder, |builder, optimizer| builder.optimizer(optimizer));
        let mut bags = builder.build().expect("the bags");
        for (t, values) in weights.iter().enumerate() {
            bags.upload(&format!("t{t}"), values).expect("upload");
        }
        bags
    }

    /// The features' matrices side by side.
    pub(crate) fn side_by_side(&self, examples: usize, parts: &[Vec<f32>]) -> Vec<f32> {
        let mut all = Vec::new();
        for b in 0..examples {
            for (f, part) in parts.iter().enumerate() {
                let dim = self.dim(f);
                all.extend(&part[b * dim..(b + 1) * dim]);
            }
        }
        all
    }

    /// One step on a device, by both ways in where both are open.
    pub(crate) fn step(
        &self,
        ctx: &Context,
        weights: &[Vec<f32>],
        lists: &Lists,
        grads: &[Vec<f32>],
    ) -> Step<f32> {
        let mut bags = self.bags(ctx, weights);
        let batch = lists.build(&bags);
        let outs: Vec<Vec<f32>> =
            bags.forward_features(&batch).unwrap().iter().map(|out| out.to_vec(ctx).unwrap()).collect();
        let mut weight_grad = Vec::new();
        if self.pooled() {
            let whole = bags.forward(&batch).unwrap().to_vec(ctx).unwrap();
            common::assert_bits("one matrix and many", &whole, &self.side_by_side(lists.examples, &outs));
            let grad = self.side_by_side(lists.examples, grads);
            let grad = Matrix::from_slice(ctx, &grad, lists.examples, bags.output_cols()).unwrap();
            weight_grad = bags.weight_grad(&batch, &grad).unwrap().read(ctx).unwrap();
            if self.optimizer.is_some() {
                bags.backward(&batch, &grad).unwrap();
            }
        } else if self.optimizer.is_some() {
            bags.backward(&batch, &self.matrices(ctx, lists, grads)).unwrap();
        }
        let (tables, states) = self.content(&bags);
        Step { outs, weight_grad, tables, states }
    }

    pub(crate) fn matrices(&self, ctx: &Context, lists: &Lists, grads: &[Vec<f32>]) -> Vec<Matrix> {
        grads
            .iter()
            .enumerate()
            .map(|(f, grad)| Matrix::from_slice(ctx, grad, self.rows(lists, f), self.dim(f)).unwrap())
            .collect()
    }

    /// All rows and all state.
    pub(crate) fn content(&self, bags: &EmbeddingBags) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let names: Vec<String> = (0..self.tables.len()).map(|t| format!("t{t}")).collect();
        let tables = names.iter().map(|name| bags.download(name).unwrap()).collect();
        let fields = bags.optimizer().map_or(&[][..], |optimizer| optimizer.states());
        let state = |name: &String| -> Vec<f32> {
            fields.iter().flat_map(|field| bags.download_state(name, field.name).unwrap()).collect()
        };
        let states = names.iter().map(state).collect();
        (tables, states)
    }

    /// The same step in `f64`, from the formulas, with no code of the crate; optimizer state begins at zero.
    pub(crate) fn reference(&self, weights: &[Vec<f32>], lists: &Lists, grads: &[Vec<f32>]) -> Step<f64> {
        let wide = |all: &[Vec<f32>]| -> Vec<Vec<f64>> {
            all.iter().map(|values| values.iter().map(|&value| value.into()).collect()).collect()
        };
        let (mut tables, grads) = (wide(weights), wide(grads));
        let mut outs = Vec::new();
        let mut weight_grad = Vec::new();
        // the gradient of each touched row
        let mut sums: Vec<std::collections::BTreeMap<usize, Vec<f64>>> =
            vec![Default::default(); tables.len()];
        let mut position = 0;
        for (f, feature) in self.features.iter().enumerate() {
            let dim = self.dim(f);
            let table = &tables[feature.table];
            let mut out = vec![0.0; self.rows(lists, f) * dim];
            let mut sequence = 0;
            for (b, list) in lists.ids[f].iter().enumerate() {
                let present = |id: &u32| feature.padding != Some(*id);
                let count = list.iter().filter(|id| present(id)).count();
                let divisor = if feature.pooling == Pooling::Mean { count.max(1) as f64 } else { 1.0 };
                for id in list {
                    let weight = lists.weights.as_ref().map_or(1.0, |weights| weights[position].into());
                    let row = if feature.pooling == Pooling::None { sequence } else { b };
                    let grad = &grads[f][row * dim..(row + 1) * dim];
                    let mut slope = 0.0;
                    if present(id) {
                        let values = &table[*id as usize * dim..][..dim];
                        let sum = sums[feature.table].entry(*id as usize).or_insert_with(|| vec![0.0; dim]);
                        for c in 0..dim {
                            out[row * dim + c] += weight / divisor * values[c];
                            sum[c] += weight / divisor * grad[c];
                            slope += grad[c] * values[c] / divisor;
                        }
                    }
                    weight_grad.push(slope);
                    (position, sequence) = (position + 1, sequence + 1);
                }
            }
            outs.push(out);
        }
        if !self.pooled() {
            weight_grad.clear();
        }
        let mut states = vec![Vec::new(); tables.len()];
        if let Some(optimizer) = self.optimizer {
            for (t, sums) in sums.into_iter().enumerate() {
                let (rows, dim) = self.tables[t];
                states[t] = vec![0.0; rows * state_len(optimizer, dim)];
                for (row, mut grad) in sums {
                    update(optimizer, &mut tables[t][row * dim..][..dim], &mut grad, &mut states[t], row);
                }
            }
        }
        Step { outs, weight_grad, tables, states }
    }
}

fn state_len(optimizer: Optimizer, dim: usize) -> usize {
    match optimizer {
        Optimizer::Adagrad(_) => dim,
        Optimizer::RowwiseAdagrad(_) => 1,
        _ => 0,
    }
}

fn update(optimizer: Optimizer, row: &mut [f64], grad: &mut [f64], state: &mut [f64], index: usize) {
    let (lr, eps, decay) = match optimizer {
        Optimizer::Sgd(o) => (o.lr, 0.0, o.weight_decay),
        Optimizer::Adagrad(o) => (o.lr, o.eps, o.weight_decay),
        Optimizer::RowwiseAdagrad(o) => (o.lr, o.eps, o.weight_decay),
        _ => unreachable!("no other optimizers"),
    };
    let (lr, eps) = (f64::from(lr), f64::from(eps));
    let dim = row.len();
    let mut keep = 1.0;
    match decay {
        WeightDecay::None => {}
        WeightDecay::L2(c) => grad.iter_mut().zip(&*row).for_each(|(g, w)| *g += f64::from(c) * w),
        WeightDecay::Decoupled(c) => keep = 1.0 - lr * f64::from(c),
    }
    let mut scale = vec![lr; dim];
    match optimizer {
        Optimizer::Adagrad(_) => {
            for c in 0..dim {
                let s = &mut state[index * dim + c];
                *s += grad[c] * grad[c];
                scale[c] = lr / (s.sqrt() + eps);
            }
        }
        Optimizer::RowwiseAdagrad(_) => {
            let s = &mut state[index];
            *s += grad.iter().map(|g| g * g).sum::<f64>() / dim as f64;
            scale.fill(lr / (s.sqrt() + eps));
        }
        _ => {}
    }
    for c in 0..dim {
        row[c] = keep * row[c] - scale[c] * grad[c];
    }
}

impl Step<f32> {
    /// What two runs on one device leave: the same bits.
    #[track_caller]
    pub(crate) fn assert_same(&self, what: &str, expected: &Self) {
        self.compare(what, expected, common::assert_bits);
    }

    /// [`assert_agrees`] on everything.
    #[track_caller]
    pub(crate) fn assert_agrees(&self, ctx: &Context, what: &str, expected: &Self) {
        let what = format!("{what} on {}", common::name_of(ctx));
        self.compare(&what, expected, |what, got, expected| common::assert_agrees(ctx, what, got, expected));
    }

    #[track_caller]
    pub(crate) fn assert_near(&self, what: &str, expected: &Step<f64>, tolerance: f64) {
        self.compare(what, expected, |what, got, expected| {
            common::assert_close(what, got, expected, tolerance)
        });
    }

    #[track_caller]
    fn compare<E>(&self, what: &str, expected: &Step<E>, assert: impl Fn(&str, &[f32], &[E])) {
        let lists = [
            ("outs", &self.outs, &expected.outs),
            ("tables", &self.tables, &expected.tables),
            ("states", &self.states, &expected.states),
        ];
        for (name, got, expected) in lists {
            for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert(&format!("{what}: {name}[{i}]"), got, expected);
            }
        }
        assert(&format!("{what}: weight_grad"), &self.weight_grad, &expected.weight_grad);
    }
}
