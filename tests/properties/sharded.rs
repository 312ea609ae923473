//! Tables on several ranks against one process with the batches of all of them.

use embag::optim::{
    Adagrad, Adam, BiasCorrection, Ftrl, Lamb, Optimizer, PartialRowwiseAdam, Rounding, RowwiseAdagrad,
    RowwiseAdagradCounter, Sgd, UpdateRules,
};
use embag::sharded::{Exchange, Placement, Plan, ShardedBags, ShardedBatch, Threads};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Precision, Result, Table};
use proptest::prelude::*;

use crate::common;
use crate::random::Random;

/// Whether the optimizer sums over rows, which cannot be cut by columns.
fn optimizers() -> Vec<(Optimizer, bool)> {
    vec![
        (Sgd::new(0.1).into(), false),
        (Adagrad::new(0.1).into(), false),
        (Ftrl { lr: 0.1, l1: 0.1, ..Default::default() }.into(), false),
        (Adam::new(0.1).into(), false),
        (Adam { lr: 0.1, bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(), false),
        (RowwiseAdagrad::new(0.1).into(), true),
        (RowwiseAdagradCounter { lr: 0.1, ..Default::default() }.into(), true),
        (PartialRowwiseAdam { lr: 0.1, ..Default::default() }.into(), true),
        (Lamb { lr: 0.1, ..Default::default() }.into(), true),
    ]
}

#[derive(Debug, Clone)]
struct Scene {
    ranks: usize,
    tables: Vec<(usize, usize, Precision, Placement)>,
    /// Table, pooling, padding.
    features: Vec<(usize, Pooling, Option<u32>)>,
    optimizer: Optimizer,
    stochastic: bool,
    scaled: bool,
    /// Of each rank.
    examples: Vec<usize>,
    weighted: bool,
    longest: u32,
    seed: u64,
}

/// The bags of one feature of one rank.
#[derive(Debug, Clone, Default)]
struct Lists {
    ids: Vec<u32>,
    lengths: Vec<u32>,
    weights: Option<Vec<f32>>,
}

fn scenes() -> impl Strategy<Value = Scene> {
    let placement = prop_oneof![
        (0usize..4).prop_map(Placement::TableWise),
        Just(Placement::RowWise(Exchange::Rows)),
        Just(Placement::RowWise(Exchange::Sums)),
        (1usize..4).prop_map(Placement::ColumnWise),
        Just(Placement::DataParallel),
    ];
    let precision = prop_oneof![Just(Precision::F32), Just(Precision::F16), Just(Precision::Bf16)];
    let dim = prop_oneof![Just(4usize), Just(5), Just(8), Just(16), Just(20)];
    let table = (1usize..50, dim, precision, placement);
    let pooling = prop_oneof![Just(Pooling::Sum), Just(Pooling::Mean), Just(Pooling::Max)];
    let feature = (any::<prop::sample::Index>(), pooling, prop::option::of(0u32..60));
    (
        1usize..5,
        prop::collection::vec(table, 1..4),
        prop::collection::vec(feature, 1..4),
        prop::sample::select(optimizers()),
        any::<(bool, bool, bool, u64)>(),
        prop::collection::vec(0usize..6, 4),
        1u32..70,
    )
        .prop_map(|(ranks, tables, features, (optimizer, sums), flags, examples, longest)| {
            let (stochastic, weighted, scaled, seed) = flags;
            let place = |placement, dim: usize| match placement {
                Placement::TableWise(rank) => Placement::TableWise(rank % ranks),
                Placement::ColumnWise(_) if sums => Placement::TableWise(ranks - 1),
                Placement::ColumnWise(parts) => Placement::ColumnWise(parts.min(dim)),
                other => other,
            };
            let tables: Vec<_> = tables
                .into_iter()
                .map(|(rows, dim, precision, placement)| (rows, dim, precision, place(placement, dim)))
                .collect();
            // every table is looked up
            let every = (0..tables.len()).map(|table| (table, Pooling::Sum, None));
            let drawn = features.into_iter().map(|(table, pooling, padding)| {
                let table = table.index(tables.len());
                let by_row = matches!(tables[table].3, Placement::RowWise(_));
                let pooling = if by_row && pooling == Pooling::Max { Pooling::Mean } else { pooling };
                (table, pooling, padding)
            });
            let features = drawn.chain(every).collect();
            let examples = examples[..ranks].to_vec();
            Scene {
                ranks,
                tables,
                features,
                optimizer,
                stochastic,
                scaled,
                examples,
                weighted,
                longest,
                seed,
            }
        })
}

impl Scene {
    fn rules(&self) -> UpdateRules {
        let rounding = if self.stochastic { Rounding::Stochastic } else { Rounding::Nearest };
        UpdateRules { rounding, scale_by_frequency: self.scaled, ..UpdateRules::default() }
    }

    fn table(&self, index: usize) -> Table {
        let (rows, dim, precision, _) = self.tables[index];
        Table::rows(rows).dim(dim).precision(precision).init(Init::Uniform(1.0))
    }

    fn plan(&self) -> Plan {
        let places = self.tables.iter().enumerate();
        places.fold(Plan::new(), |plan, (t, table)| plan.table(&format!("t{t}"), table.3))
    }

    /// Bags of one process.
    fn whole(&self, ctx: &Context) -> EmbeddingBags {
        let mut builder = EmbeddingBags::builder(ctx).update_rules(self.rules()).seed(7);
        for t in 0..self.tables.len() {
            builder = builder.table(&format!("t{t}"), self.table(t));
        }
        for (f, &(table, pooling, padding)) in self.features.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &format!("t{table}"), pooling);
            builder = padding.into_iter().fold(builder, |builder, id| builder.padding(id));
        }
        builder.optimizer(self.optimizer).build().unwrap()
    }

    /// The part of a rank.
    fn part(&self, ctx: &Context, group: Threads) -> Result<ShardedBags> {
        let mut builder = ShardedBags::builder(ctx, group).update_rules(self.rules()).seed(7);
        for t in 0..self.tables.len() {
            builder = builder.table(&format!("t{t}"), self.table(t));
        }
        for (f, &(table, pooling, padding)) in self.features.iter().enumerate() {
            builder = builder.feature(&format!("f{f}"), &format!("t{table}"), pooling);
            builder = padding.into_iter().fold(builder, |builder, id| builder.padding(id));
        }
        builder.optimizer(self.optimizer).plan(self.plan()).build()
    }

    /// The bags of all features of a rank in a step.
    fn lists(&self, rank: usize, step: u64) -> Vec<Lists> {
        let mut random = Random::new(self.seed ^ (step << 8) ^ rank as u64);
        let mut of_feature = |&(table, pooling, padding): &(usize, Pooling, Option<u32>)| {
            let rows = u32::try_from(self.tables[table].0).unwrap();
            let mut lists = Lists::default();
            for _ in 0..self.examples[rank] {
                let (hot, length) = (random.below(4) == 0, random.below(self.longest));
                for _ in 0..length {
                    let padded = padding.filter(|_| random.below(5) == 0);
                    lists.ids.push(padded.unwrap_or(if hot { rows / 2 } else { random.below(rows) }));
                }
                lists.lengths.push(length);
            }
            let weighted = self.weighted && pooling != Pooling::Max;
            lists.weights = weighted.then(|| random.floats(lists.ids.len()));
            lists
        };
        self.features.iter().map(&mut of_feature).collect()
    }

    fn cols(&self) -> usize {
        self.features.iter().map(|&(table, ..)| self.tables[table].1).sum()
    }

    fn grad(&self, rank: usize, step: u64) -> Vec<f32> {
        Random::new(self.seed ^ (step << 16) ^ rank as u64).floats(self.examples[rank] * self.cols())
    }

    /// The columns of each feature.
    fn columns(&self) -> Vec<std::ops::Range<usize>> {
        let mut first = 0;
        let of_feature = |&(table, ..): &(usize, Pooling, Option<u32>)| {
            first += self.tables[table].1;
            first - self.tables[table].1..first
        };
        self.features.iter().map(of_feature).collect()
    }
}

const STEPS: u32 = 3;

/// What a rank, or one process, has seen and has become: the outputs of each step, tables and states.
#[derive(Debug, Default)]
struct Seen {
    outs: Vec<Vec<f32>>,
    tables: Vec<Vec<f32>>,
    states: Vec<Vec<f32>>,
}

fn batch_of(bags: &EmbeddingBags, ranks: &[Vec<Lists>]) -> JaggedBatch {
    let mut batch = bags.batch();
    for f in 0..ranks[0].len() {
        let joined = |part: fn(&Lists) -> &Vec<u32>| -> Vec<u32> {
            ranks.iter().flat_map(|lists| part(&lists[f])).copied().collect()
        };
        batch = batch.bags(&format!("f{f}"), &joined(|lists| &lists.ids), &joined(|lists| &lists.lengths));
        if ranks[0][f].weights.is_some() {
            let weights: Vec<f32> =
                ranks.iter().flat_map(|lists| lists[f].weights.clone().unwrap()).collect();
            batch = batch.weights(&format!("f{f}"), &weights);
        }
    }
    batch.build().unwrap()
}

fn shared_batch(bags: &ShardedBags, lists: &[Lists]) -> ShardedBatch {
    let mut batch = bags.batch();
    for (f, lists) in lists.iter().enumerate() {
        batch = batch.bags(&format!("f{f}"), &lists.ids, &lists.lengths);
        batch = lists.weights.iter().fold(batch, |batch, weights| batch.weights(&format!("f{f}"), weights));
    }
    batch.build().unwrap()
}

/// One process; `apart` adds up the gradients of the ranks' batches, as for tables that every rank has.
fn in_one_process(ctx: &Context, scene: &Scene, apart: bool) -> Seen {
    let mut bags = scene.whole(ctx);
    let mut seen = Seen::default();
    for step in 0..u64::from(STEPS) {
        let lists: Vec<Vec<Lists>> = (0..scene.ranks).map(|rank| scene.lists(rank, step)).collect();
        let grads: Vec<Vec<f32>> = (0..scene.ranks).map(|rank| scene.grad(rank, step)).collect();
        let batch = batch_of(&bags, &lists);
        seen.outs.push(bags.forward(&batch).unwrap().to_vec(ctx).unwrap());
        if apart {
            let batches: Vec<JaggedBatch> =
                lists.iter().map(|lists| batch_of(&bags, std::slice::from_ref(lists))).collect();
            let grads: Vec<Matrix> = grads
                .iter()
                .zip(&scene.examples)
                .map(|(grad, &examples)| Matrix::from_slice(ctx, grad, examples, scene.cols()).unwrap())
                .collect();
            let mut sums: Vec<Vec<embag::SparseGradient>> = Vec::new();
            for (batch, grad) in batches.iter().zip(&grads) {
                let made = bags.sparse_grad(batch, grad).unwrap();
                sums.resize_with(made.len(), Vec::new);
                sums.iter_mut().zip(made).for_each(|(all, gradient)| all.push(gradient));
            }
            let sums: Vec<_> = sums.iter().map(|all| embag::SparseGradient::sum(all).unwrap()).collect();
            bags.update(&sums).unwrap();
        } else {
            let grad = Matrix::from_slice(ctx, &grads.concat(), batch.len(), scene.cols()).unwrap();
            bags.backward(&batch, &grad).unwrap();
        }
    }
    for t in 0..scene.tables.len() {
        let name = format!("t{t}");
        seen.tables.push(bags.download(&name).unwrap());
        let fields = scene.optimizer.states();
        seen.states
            .push(fields.iter().flat_map(|field| bags.download_state(&name, field.name).unwrap()).collect());
    }
    seen
}

fn on_a_rank(ctx: &Context, scene: &Scene, group: Threads) -> Result<Seen> {
    let rank = embag::sharded::Group::rank(&group);
    let mut bags = scene.part(ctx, group)?;
    let mut seen = Seen::default();
    let mut next = shared_batch(&bags, &scene.lists(rank, 0));
    for step in 0..u64::from(STEPS) {
        let batch = next;
        seen.outs.push(bags.forward(&batch)?.to_vec(ctx)?);
        // the next batch's ids travel before this one's step
        next = shared_batch(&bags, &scene.lists(rank, step + 1));
        bags.prefetch(&next)?;
        let grad = Matrix::from_slice(ctx, &scene.grad(rank, step), batch.len(), scene.cols())?;
        bags.backward(&batch, &grad)?;
    }
    for t in 0..scene.tables.len() {
        let name = format!("t{t}");
        seen.tables.push(bags.download(&name)?);
        let fields = scene.optimizer.states().iter().map(|field| bags.download_state(&name, field.name));
        seen.states.push(fields.collect::<Result<Vec<_>>>()?.concat());
    }
    Ok(seen)
}

fn on_ranks<T: Send>(ranks: usize, act: impl Fn(Threads) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            Threads::group(ranks).into_iter().map(|group| scope.spawn(|| act(group))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn check(ctx: &Context, scene: &Scene) {
    let [whole, apart] = [false, true].map(|apart| in_one_process(ctx, scene, apart));
    let all = on_ranks(scene.ranks, |group| on_a_rank(ctx, scene, group).unwrap());
    let of_table = |table: usize| match scene.tables[table].3 {
        Placement::DataParallel => &apart,
        _ => &whole,
    };
    let mut first = 0;
    for (rank, seen) in all.iter().enumerate() {
        for step in 0..STEPS as usize {
            for (f, columns) in scene.columns().into_iter().enumerate() {
                let (table, ..) = scene.features[f];
                let values = |out: &[f32], example: usize| -> Vec<f32> {
                    out[example * scene.cols()..][columns.clone()].to_vec()
                };
                for example in 0..scene.examples[rank] {
                    let got = values(&seen.outs[step], example);
                    let expected = values(&of_table(table).outs[step], first + example);
                    let what = format!("step {step}, feature {f}, rank {rank}, example {example}");
                    if scene.tables[table].3 == Placement::RowWise(Exchange::Sums) {
                        for (got, expected) in got.iter().zip(&expected) {
                            assert!((got - expected).abs() <= 1e-4 * expected.abs().max(10.0), "{what}");
                        }
                    } else {
                        common::assert_bits(&what, &got, &expected);
                    }
                }
            }
        }
        first += scene.examples[rank];
        for t in 0..scene.tables.len() {
            let what = format!("table {t} ({:?}) of rank {rank}", scene.tables[t].3);
            common::assert_bits(&what, &seen.tables[t], &of_table(t).tables[t]);
            common::assert_bits(&format!("state of {what}"), &seen.states[t], &of_table(t).states[t]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn ranks_have_the_bits_of_one_process(scene in scenes()) {
        check(&Context::cpu(), &scene);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn so_have_ranks_on_a_gpu(scene in scenes()) {
        if let Some(ctx) = common::gpu() {
            check(&ctx, &scene);
        }
    }
}
