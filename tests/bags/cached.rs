//! Tables larger than their caches: the bits are those of tables that lie on the device as a whole.

use embag::cached::{CachedBagsBuilder, Replacement};
use embag::optim::{
    Adagrad, Adam, BiasCorrection, Optimizer, Rounding, RowwiseAdagrad, Schedule, Sgd, UpdateRules,
};
use embag::{
    Bounds, CachedBags, Checkpoint, Context, ContextOptions, EmbeddingBags, Error, Init, Matrix, Pooling,
    Precision, Recorder, SparseGradient, Table,
};

use crate::common;
use crate::model::{Lists, Model, feature, padded};
use crate::random::Random;

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

fn optimizers() -> [Optimizer; 5] {
    [
        Sgd { lr: 0.1, ..Default::default() }.into(),
        Adagrad { lr: 0.1, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(),
        Adam { lr: 0.1, ..Default::default() }.into(),
        Adam { lr: 0.1, bias_correction: BiasCorrection::RowUpdates, ..Default::default() }.into(),
    ]
}

/// How tables are made: their first values count.
fn table(model: &Model, t: usize, precision: Precision) -> Table {
    let (rows, dim) = model.tables[t];
    let init = [Init::Uniform(0.5), Init::Normal { mean: 0.1, std: 0.3 }, Init::Constant(0.25)][t % 3];
    Table::rows(rows).dim(dim).init(init).precision(precision)
}

/// Both kinds of bags of a model, the cached ones with these slots for each table.
fn both(
    ctx: &Context,
    model: &Model,
    slots: &[usize],
    precision: Precision,
    with: impl Fn(CachedBagsBuilder) -> CachedBagsBuilder,
) -> (EmbeddingBags, CachedBags) {
    let (mut whole, mut cached) = (EmbeddingBags::builder(ctx), CachedBags::builder(ctx));
    for (t, &slots) in slots.iter().enumerate() {
        let table = table(model, t, precision);
        whole = whole.table(&format!("t{t}"), table.clone());
        cached = cached.table(&format!("t{t}"), table, slots);
    }
    for (f, feature) in model.features.iter().enumerate() {
        let (name, table) = (format!("f{f}"), format!("t{}", feature.table));
        whole = whole.feature(&name, &table, feature.pooling);
        cached = cached.feature(&name, &table, feature.pooling);
        if let Some(id) = feature.padding {
            (whole, cached) = (whole.padding(id), cached.padding(id));
        }
    }
    if let Some(optimizer) = model.optimizer {
        (whole, cached) = (whole.optimizer(optimizer), cached.optimizer(optimizer));
    }
    let rules = UpdateRules {
        rounding: Rounding::Nearest,
        scale_by_frequency: true,
        state: precision,
        ..Default::default()
    };
    let schedule = Schedule::step(3, 0.5);
    let whole = whole.update_rules(rules).schedule(schedule).seed(11).build().unwrap();
    let cached = with(cached.update_rules(rules).schedule(schedule).seed(11)).build().unwrap();
    (whole, cached)
}

/// The bits of everything that is kept.
fn contents(whole: &EmbeddingBags, cached: &mut CachedBags) -> [Vec<u32>; 2] {
    let fields = whole.optimizer().map_or(&[][..], |optimizer| optimizer.states());
    let mut all = [Vec::new(), Vec::new()];
    for name in whole.tables() {
        all[0].extend(whole.download(name).unwrap());
        all[1].extend(cached.download(name).unwrap());
        for field in fields {
            all[0].extend(whole.download_state(name, field.name).unwrap());
            all[1].extend(cached.download_state(name, field.name).unwrap());
        }
    }
    all.map(|values| values.into_iter().map(f32::to_bits).collect())
}

/// Random bags with few frequent and many rare rows: about one over the rank.
fn zipf(model: &Model, examples: usize, longest: u32, seed: u64) -> Lists {
    // a maximum has no weights
    let weighted = seed % 2 == 1 && model.features.iter().all(|feature| feature.pooling != Pooling::Max);
    let mut lists = Lists::random(model, examples, longest, weighted, seed);
    let mut random = Random::new(seed);
    for (f, bags) in lists.ids.iter_mut().enumerate() {
        let rows = u32::try_from(model.tables[model.features[f].table].0).unwrap();
        for id in bags.iter_mut().flatten() {
            // each number of bits as often as any other
            let bits = 1 + random.below(u32::BITS - rows.leading_zeros());
            *id = random.below(1 << bits).min(rows - 1);
        }
    }
    lists
}

/// The distinct rows of each table that the lists need.
fn distinct(model: &Model, lists: &Lists) -> Vec<usize> {
    let mut rows = vec![std::collections::BTreeSet::<u32>::new(); model.tables.len()];
    for (feature, bags) in model.features.iter().zip(&lists.ids) {
        let ids = bags.iter().flatten().filter(|id| feature.padding != Some(**id));
        rows[feature.table].extend(ids.copied());
    }
    rows.iter().map(|rows| rows.len()).collect()
}

/// Table, rows, values and counts of a gradient.
fn described(gradient: &SparseGradient) -> (String, Vec<u32>, Vec<u32>, Vec<u32>) {
    let (rows, values, counts) = gradient.to_host().unwrap();
    (gradient.table().to_owned(), rows, values.into_iter().map(f32::to_bits).collect(), counts)
}

/// Steps with a model, each held against the same step of bags without a cache. `spare`: slots besides those
/// that one batch needs at the most.
fn check(
    what: &str,
    ctx: &Context,
    model: &Model,
    spare: usize,
    precision: Precision,
    with: impl Fn(CachedBagsBuilder) -> CachedBagsBuilder,
) -> CachedBags {
    let steps: Vec<Lists> = (0..10).map(|step| zipf(model, 6, 5, 100 + step)).collect();
    let needs: Vec<Vec<usize>> = steps.iter().map(|lists| distinct(model, lists)).collect();
    let slots: Vec<usize> = (0..model.tables.len())
        .map(|t| needs.iter().map(|needs| needs[t]).max().unwrap_or(0) + spare)
        .collect();
    let (mut whole, mut cached) = both(ctx, model, &slots, precision, with);
    for (step, lists) in steps.iter().enumerate() {
        let what = format!("{what}, step {step} on {}", common::name_of(ctx));
        let grads = model.grads(lists, step as u64);
        let other = &steps[(step + 1) % steps.len()];
        let batch = lists.build(&whole);
        let placed = if step % 2 == 0 {
            cached.place_from_lengths(&lists.values(), &lists.lengths(), lists.weights.as_deref()).unwrap()
        } else {
            cached.place_from_offsets(&lists.values(), &lists.offsets(), lists.weights.as_deref()).unwrap()
        };
        assert_eq!(placed.distinct_rows(), distinct(model, lists).iter().sum::<usize>());
        let (outs, expected) =
            (cached.forward_features(&placed).unwrap(), whole.forward_features(&batch).unwrap());
        for (out, expected) in outs.iter().zip(&expected) {
            common::assert_bits(&what, &out.to_vec(ctx).unwrap(), &expected.to_vec(ctx).unwrap());
        }
        let maxima = model.features.iter().any(|feature| feature.pooling == Pooling::Max);
        if model.pooled() && !maxima {
            let half = common::forward_in(&whole, &batch, lists.examples, Precision::F16)
                .unwrap()
                .to_vec(ctx)
                .unwrap();
            let found = common::forward_in(&cached, &placed, lists.examples, Precision::F16)
                .unwrap()
                .to_vec(ctx)
                .unwrap();
            common::assert_bits(&what, &found, &half);
            let grad = model.side_by_side(lists.examples, &grads);
            let grad = Matrix::from_slice(ctx, &grad, lists.examples, whole.output_cols()).unwrap();
            let words = |buffer: embag::Buffer| buffer.read::<f32>(ctx).unwrap();
            let expected = words(whole.weight_grad(&batch, &grad).unwrap());
            common::assert_bits(&what, &words(cached.weight_grad(&placed, &grad).unwrap()), &expected);
            whole.backward(&batch, &grad).unwrap();
            cached.backward(&placed, &grad).unwrap();
        } else {
            let grads = model.matrices(ctx, lists, &grads);
            let of_rows =
                [whole.sparse_grad(&batch, &grads).unwrap(), cached.sparse_grad(&placed, &grads).unwrap()];
            let described =
                of_rows.each_ref().map(|of_rows| of_rows.iter().map(described).collect::<Vec<_>>());
            assert_eq!(described[1], described[0], "{what}");
            if step % 3 == 0 {
                // rows that the cache lacks by now
                drop(placed);
                let other = cached.place_from_lengths(&other.values(), &other.lengths(), None).unwrap();
                drop(other);
                whole.update(&of_rows[0]).unwrap();
                cached.update(&of_rows[1]).unwrap();
            } else {
                whole.backward(&batch, &grads).unwrap();
                cached.backward(&placed, &grads).unwrap();
            }
        }
        assert_eq!(cached.next_lr(), whole.next_lr());
    }
    let [expected, found] = contents(&whole, &mut cached);
    assert_eq!(found, expected, "{what} on {}", common::name_of(ctx));
    cached
}

fn sequences() -> Model {
    Model::new(
        &[(300, 8), (200, 5), (90, 16), (0, 4)],
        &[
            feature(0, Pooling::Sum),
            padded(0, Pooling::Mean, 2),
            feature(1, Pooling::Mean),
            feature(2, Pooling::None),
            padded(1, Pooling::None, 1),
        ],
    )
}

fn maxima() -> Model {
    Model::new(
        &[(200, 12), (90, 5)],
        &[feature(0, Pooling::Max), padded(1, Pooling::Max, 1), feature(0, Pooling::Sum)],
    )
}

fn pooled() -> Model {
    Model::new(
        &[(500, 16), (70, 3)],
        &[feature(0, Pooling::Mean), feature(1, Pooling::Sum), padded(0, Pooling::Sum, 0)],
    )
}

#[test]
fn the_bits_are_those_without_a_cache() {
    for ctx in devices() {
        for optimizer in optimizers() {
            for replacement in [Replacement::Lru, Replacement::Lfu] {
                for (model, ways) in [(sequences(), 2), (pooled(), 32), (maxima(), 4)] {
                    let model = model.optimizer(optimizer);
                    let what = format!("{optimizer:?} {replacement:?} {ways} ways");
                    let with = |bags: CachedBagsBuilder| bags.replacement(replacement).ways(ways);
                    let cached = check(&what, &ctx, &model, 0, Precision::F32, with);
                    assert!(cached.stats().evictions > 50, "{:?}", cached.stats());
                }
            }
        }
    }
}

#[test]
fn any_number_of_ways_and_slots() {
    let model = sequences().optimizer(Adagrad { lr: 0.1, ..Default::default() });
    for ctx in devices() {
        for (ways, spare) in [(1, 0), (1, 30), (3, 7), (7, 0), (1000, 5), (4, 1000)] {
            check(&format!("{ways} ways"), &ctx, &model, spare, Precision::F32, |bags| bags.ways(ways));
        }
    }
}

#[test]
fn tables_of_16_bits_rounded_to_the_nearest() {
    for ctx in devices() {
        for precision in [Precision::F16, Precision::Bf16] {
            for optimizer in [optimizers()[1], optimizers()[2]] {
                let model = sequences().optimizer(optimizer);
                check(&format!("{precision:?}"), &ctx, &model, 2, precision, |bags| bags);
            }
        }
    }
}

#[test]
fn features_with_examples_of_their_own() {
    let model = pooled().optimizer(Adagrad { lr: 0.1, ..Default::default() });
    let lengths = [1, 2, 3, 2, 0, 1, 1];
    let examples = [2usize, 4, 1];
    for ctx in devices() {
        let (mut whole, mut cached) = both(&ctx, &model, &[8, 8], Precision::F32, |bags| bags);
        for step in 0..6u32 {
            let ids: Vec<u32> = (0..10).map(|i| (7 * i + 13 * step) % 70).collect();
            let batch = whole.batch_from_variable_lengths(&ids, &lengths, &examples, None).unwrap();
            let placed = cached.place_from_variable_lengths(&ids, &lengths, &examples, None).unwrap();
            assert!(placed.is_variable() && placed.examples_of("f1").unwrap() == 4);
            let outs = whole.forward_features(&batch).unwrap();
            let found = cached.forward_features(&placed).unwrap();
            for (found, out) in found.iter().zip(&outs) {
                common::assert_bits("forward", &found.to_vec(&ctx).unwrap(), &out.to_vec(&ctx).unwrap());
            }
            whole.backward(&batch, &outs).unwrap();
            cached.backward(&placed, &found).unwrap();
        }
        let [expected, found] = contents(&whole, &mut cached);
        assert_eq!(found, expected);
    }
}

/// Caches over several windows: the updates are the same, the forward adds the windows' sums.
#[test]
fn caches_over_several_windows() {
    let options = ContextOptions::new().max_binding(1024).max_buffer(4096);
    let model = pooled().optimizer(RowwiseAdagrad { lr: 0.1, ..Default::default() });
    let free = Context::cpu();
    for ctx in common::devices_with(&options) {
        let (mut whole, mut cached) = both(&free, &model, &[500, 70], Precision::F32, |bags| bags);
        let (_, mut cut) = both(&ctx, &model, &[40, 40], Precision::F32, |bags| bags.ways(4));
        for step in 0..8 {
            let lists = zipf(&model, 6, 4, step);
            let grad = model.side_by_side(6, &model.grads(&lists, step));
            let place = |bags: &mut CachedBags| {
                let (values, lengths) = (lists.values(), lists.lengths());
                let batch = bags.place_from_lengths(&values, &lengths, lists.weights.as_deref()).unwrap();
                let out = bags.forward(&batch).unwrap().to_vec(bags.context()).unwrap();
                let grad = Matrix::from_slice(bags.context(), &grad, 6, 35).unwrap();
                bags.backward(&batch, &grad).unwrap();
                out
            };
            let expected: Vec<f64> = place(&mut cached).into_iter().map(f64::from).collect();
            common::assert_close("forward", &place(&mut cut), &expected, 1e-6);
            let grad = Matrix::from_slice(&free, &grad, 6, 35).unwrap();
            whole.backward(&lists.build(&whole), &grad).unwrap();
        }
        let [expected, found] = contents(&whole, &mut cached);
        assert_eq!(found, expected);
        // another cut of the work is another kernel's rounding
        let floats = |words: &[u32]| words.iter().map(|&word| f32::from_bits(word)).collect::<Vec<_>>();
        let found = &contents(&whole, &mut cut)[1];
        common::assert_agrees(&ctx, &common::name_of(&ctx), &floats(found), &floats(&expected));
    }
}

/// A table of 100 rows of 4 ones with a cache of `slots`.
fn ones(ctx: &Context, slots: usize) -> CachedBagsBuilder {
    CachedBags::builder(ctx)
        .table("t", Table::rows(100).dim(4).init(Init::Constant(1.0)), slots)
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd { lr: 1.0, ..Default::default() })
}

fn place(bags: &mut CachedBags, ids: &[u32]) -> embag::Result<embag::cached::CachedBatch> {
    bags.place(bags.batch().feature("f", ids))
}

/// Rows stay as long as something that was recorded, but not submitted, needs them.
#[test]
fn recorded_work_holds_its_rows() {
    for ctx in devices() {
        let mut bags = ones(&ctx, 4).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0; 8], 2, 4).unwrap();
        let out = Matrix::zeros(&ctx, 2, 4).unwrap();
        let batch = place(&mut bags, &[10, 11]).unwrap();
        let mut rec = Recorder::new(&ctx);
        bags.record_backward(&mut rec, &batch, &grad).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        drop(batch);
        // each batch is dropped at once
        for id in 20..60u32 {
            place(&mut bags, &[id, 61]).unwrap();
        }
        bags.flush().unwrap();
        let error = place(&mut bags, &[1, 2, 3]).unwrap_err().to_string();
        assert_eq!(
            error,
            "batch, table \"t\": expected at most 2 distinct rows: the cache has 4 slots, and 2 of them hold other \
             rows of batches in use, got 3"
        );
        let submission = rec.submit().unwrap();
        assert!(place(&mut bags, &[1, 2, 3]).is_err(), "not before nobody can wait for it");
        submission.wait().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 8]);
        place(&mut bags, &[1, 2, 3, 4]).unwrap();
        assert_eq!(bags.read_row("t", 11).unwrap(), [0.0; 4]);
        assert_eq!(bags.download("t").unwrap().iter().filter(|&&value| value == 0.0).count(), 8);
    }
}

#[test]
fn a_batch_may_be_placed_before_the_step_of_the_last_is_done() {
    for ctx in devices() {
        let mut bags = ones(&ctx, 5).ways(2).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0; 8], 2, 4).unwrap();
        let mut counts = [0u16; 100];
        let mut random = Random::new(3);
        let mut batch = place(&mut bags, &[0, 1]).unwrap();
        let mut ids = [0, 1];
        for _ in 0..60 {
            let mut rec = Recorder::new(&ctx);
            bags.record_backward(&mut rec, &batch, &grad).unwrap();
            ids.iter().for_each(|&id| counts[id as usize] += 1);
            // before and after the submission
            let next = [random.below(100), random.below(8)];
            let early = random.below(2) == 0;
            let placed = early.then(|| place(&mut bags, &next).unwrap());
            drop(rec.submit().unwrap());
            let described = bags.batch().feature("f", &next);
            assert!(bags.prefetch(&described).unwrap() <= 2 * usize::from(!early));
            batch = placed.unwrap_or_else(|| bags.place(described).unwrap());
            ids = next;
        }
        let expected: Vec<f32> = counts.iter().flat_map(|&count| [1.0 - f32::from(count); 4]).collect();
        assert_eq!(bags.download("t").unwrap(), expected);
    }
}

#[test]
fn what_the_cache_did_is_counted() {
    for ctx in devices() {
        let optimizer = RowwiseAdagrad { lr: 0.1, ..Default::default() };
        let mut bags = ones(&ctx, 3).optimizer(optimizer).build().unwrap();
        assert_eq!((bags.bytes(), bags.state_bytes(), bags.cache_bytes()), (1600, 400, 3 * 20));
        assert_eq!(bags.slots("t").unwrap(), 3);
        assert_eq!(bags.stats().hit_rate(), 0.0);
        let batch = bags.place(bags.batch().bags("f", &[7u32, 7, 8], &[2, 1])).unwrap();
        assert_eq!((batch.len(), batch.ids(), batch.distinct_rows()), (2, 3, 2));
        let stats = bags.stats();
        assert_eq!((stats.hits, stats.misses, stats.evictions), (0, 2, 0));
        assert_eq!((stats.bytes_to_device, stats.bytes_to_host), (2 * 20, 0));
        bags.backward(&batch, &Matrix::from_slice(&ctx, &[1.0; 8], 2, 4).unwrap()).unwrap();
        drop(batch);
        // one of the two that are used longest ago leaves, and it was changed; the free slot is taken first
        place(&mut bags, &[8, 9]).unwrap();
        place(&mut bags, &[8, 9, 10]).unwrap();
        let stats = bags.stats();
        assert_eq!((stats.hits, stats.misses, stats.evictions), (3, 4, 1));
        assert_eq!((stats.bytes_to_device, stats.bytes_to_host), (4 * 20, 20));
        assert_eq!(stats.hit_rate(), 3.0 / 7.0);
        // 9 was not changed, and is not read back
        assert_eq!(bags.prefetch(&bags.batch().feature("f", &[8u32, 10, 11, 5000])).unwrap(), 1);
        let stats = bags.table_stats("t").unwrap();
        assert_eq!((stats.hits, stats.misses, stats.prefetched, stats.evictions), (3, 4, 1, 2));
        assert_eq!((stats.bytes_to_device, stats.bytes_to_host), (5 * 20, 20));
        bags.flush().unwrap();
        assert_eq!(bags.stats().bytes_to_host, 2 * 20);
        bags.flush().unwrap();
        assert_eq!(bags.stats().bytes_to_host, 2 * 20, "nothing has changed since");
        bags.reset_stats();
        place(&mut bags, &[8, 10, 11]).unwrap();
        assert_eq!((bags.stats().hit_rate(), bags.stats().bytes_to_device), (1.0, 0));
    }
}

#[test]
fn frequent_rows_stay_with_lfu() {
    let misses = |replacement| {
        let mut bags = ones(&Context::cpu(), 8).replacement(replacement).build().unwrap();
        for step in 0..200u32 {
            // four rows in every other batch, and a stream of others in between
            let ids =
                if step % 2 == 0 { [0, 1, 2, 3] } else { [0, 1, 2, 3].map(|i| 4 + (step * 4 + i) % 96) };
            place(&mut bags, &ids).unwrap();
            place(&mut bags, &[99 - step % 40]).unwrap();
        }
        bags.stats().misses
    };
    let (lfu, lru) = (misses(Replacement::Lfu), misses(Replacement::Lru));
    assert!(lfu < lru, "{lfu} and {lru}");
}

#[test]
fn content_goes_in_and_out() {
    for ctx in devices() {
        let optimizer = Adam { bias_correction: BiasCorrection::RowUpdates, ..Default::default() };
        let mut bags = ones(&ctx, 4).optimizer(optimizer).build().unwrap();
        assert_eq!(bags.tables(), ["t"]);
        assert_eq!(
            (bags.table_shape("t").unwrap(), bags.precision("t").unwrap()),
            ((100, 4), Precision::F32)
        );
        let batch = place(&mut bags, &[1, 2]).unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0; 8], 2, 4).unwrap();
        bags.backward(&batch, &grad).unwrap();
        let counts: Vec<u32> = (0..100).map(|row| u32::from(row == 1 || row == 2)).collect();
        assert_eq!(bags.download_counts("t", "row_counter").unwrap(), counts);
        // in the cache and not, while a batch is in use
        for row in [1u16, 50] {
            bags.write_row("t", row.into(), &[f32::from(row); 4]).unwrap();
            assert_eq!(bags.read_row("t", row.into()).unwrap(), [f32::from(row); 4]);
        }
        assert_eq!(bags.forward(&batch).unwrap().to_vec(&ctx).unwrap()[..4], [1.0; 4]);
        assert_eq!(bags.download("t").unwrap()[200..204], [50.0; 4]);
        let values: Vec<f32> = (0..400u16).map(f32::from).collect();
        bags.upload("t", &values).unwrap();
        bags.upload_state("t", "exp_avg", &values).unwrap();
        bags.upload_counts("t", "row_counter", &[7; 100]).unwrap();
        assert_eq!(bags.forward(&batch).unwrap().to_vec(&ctx).unwrap(), values[4..12]);
        assert_eq!(bags.read_row("t", 2).unwrap(), values[8..12]);
        bags.backward(&batch, &grad).unwrap();
        drop(batch);
        place(&mut bags, &[20, 21, 22, 23]).unwrap();
        let counts: Vec<u32> = counts.iter().map(|count| 7 + count).collect();
        assert_eq!(bags.download_counts("t", "row_counter").unwrap(), counts);
        assert_eq!(bags.download_state("t", "exp_avg").unwrap()[12..], values[12..]);
        assert_eq!(bags.download("t").unwrap()[12..], values[12..]);
    }
}

#[test]
fn checkpoints_are_those_without_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags.safetensors");
    for ctx in devices() {
        for optimizer in optimizers() {
            let model = pooled().optimizer(optimizer);
            let slots = [40, 20];
            let train = |whole: &mut EmbeddingBags, cached: &mut CachedBags, seed: u64| {
                for seed in seed..seed + 4 {
                    let lists = zipf(&model, 6, 4, seed);
                    let grad = model.side_by_side(6, &model.grads(&lists, seed));
                    let grad = Matrix::from_slice(&ctx, &grad, 6, 35).unwrap();
                    whole.backward(&lists.build(whole), &grad).unwrap();
                    let (values, lengths) = (lists.values(), lists.lengths());
                    let batch =
                        cached.place_from_lengths(&values, &lengths, lists.weights.as_deref()).unwrap();
                    cached.backward(&batch, &grad).unwrap();
                }
            };
            let (mut whole, mut cached) = both(&ctx, &model, &slots, Precision::F32, |bags| bags);
            train(&mut whole, &mut cached, 1);
            whole.set_lr(0.025).unwrap();
            cached.set_lr(0.025).unwrap();
            let (mut expected, mut found) = (Checkpoint::new(), Checkpoint::new());
            whole.export(&mut expected, "bags").unwrap();
            cached.export(&mut found, "bags").unwrap();
            assert_eq!(found, expected);
            // each goes on from the other's
            let (mut other_whole, mut other_cached) = both(&ctx, &model, &slots, Precision::F32, |bags| bags);
            train(&mut other_whole, &mut other_cached, 7);
            cached.save(&path).unwrap();
            other_whole.load(&path).unwrap();
            other_cached.check_import(&expected, "bags").unwrap();
            other_cached.import(&expected, "bags").unwrap();
            assert_eq!((other_cached.steps(), other_cached.optimizer()), (4, whole.optimizer()));
            train(&mut whole, &mut cached, 20);
            train(&mut other_whole, &mut other_cached, 20);
            let [expected, found] = contents(&whole, &mut cached);
            assert_eq!(found, expected);
            assert_eq!(contents(&other_whole, &mut other_cached), [expected.clone(), expected]);
        }
    }
}

#[test]
fn ids_that_are_no_rows() {
    for ctx in devices() {
        let mut bags = ones(&ctx, 4).padding(3).build().unwrap();
        let error = place(&mut bags, &[1, 100]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "feature \"f\", example 1, position 1: id 100 out of range for 100 rows"
        );
        assert_eq!(error.position(), Some(1));
        // nothing was brought for it
        assert_eq!(bags.stats().misses, 0);
        let batch = place(&mut bags, &[3, 1]).unwrap();
        assert_eq!((batch.distinct_rows(), batch.skipped().unwrap()), (1, 0));
        assert_eq!(
            bags.forward(&batch).unwrap().to_vec(&ctx).unwrap(),
            [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
        );

        let mut bags = ones(&ctx, 4)
            .feature("mean", "t", Pooling::Mean)
            .padding(2)
            .bounds(Bounds::Skip)
            .build()
            .unwrap();
        // an id that is a slot, but no row
        let described = bags.batch().feature("f", &[1u64 << 40]).bags("mean", &[2u64, 5, 100], &[3]);
        let batch = bags.place(described).unwrap();
        assert_eq!((batch.ids_of("mean").unwrap(), batch.skipped().unwrap()), (3, 2));
        let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert_eq!(out, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        bags.backward(&batch, &Matrix::from_slice(&ctx, &[1.0; 8], 1, 8).unwrap()).unwrap();
        assert_eq!(bags.download("t").unwrap().iter().filter(|&&value| value != 1.0).count(), 4);
    }
}

#[test]
fn batches_that_do_not_fit() {
    for ctx in devices() {
        let mut bags = ones(&ctx, 4).ways(2).build().unwrap();
        place(&mut bags, &[1, 2, 3, 4]).unwrap();
        let error = place(&mut bags, &[4, 5, 6, 7, 8, 5, 5]).unwrap_err().to_string();
        let expected =
            "batch, table \"t\": expected at most 4 distinct rows, as many as the cache has slots, got 5";
        assert_eq!(error, expected);
        // the others go on as if nothing had been
        let batch = place(&mut bags, &[1, 2, 3, 4, 4]).unwrap();
        assert_eq!((bags.stats().hits, bags.stats().evictions), (4, 0));
        assert!(bags.forward(&batch).unwrap().to_vec(&ctx).unwrap().iter().all(|&value| value == 1.0));
        assert_eq!(bags.prefetch(&bags.batch().feature("f", &[5u32])).unwrap(), 0);
        assert!(place(&mut bags, &[5]).is_err());
        drop(batch);
        assert_eq!(bags.prefetch(&bags.batch().feature("f", &[5u32])).unwrap(), 1);
    }
}

#[test]
fn mistakes_are_told() {
    let ctx = Context::cpu();
    let message = |builder: CachedBagsBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(message(ones(&ctx, 4).ways(0)), "ways: expected at least 1, got 0");
    assert_eq!(message(ones(&ctx, 0)), "table \"t\" slots: expected at least 1, got 0");
    assert_eq!(
        message(ones(&ctx, 4).feature("g", "u", Pooling::Sum)),
        "table: expected one of [\"t\"], got \"u\""
    );
    assert_eq!(
        message(CachedBags::builder(&ctx).padding(1)),
        "padding: expected a feature before it, got none"
    );
    let half = Table::rows(5).precision(Precision::F16);
    assert_eq!(
        message(ones(&ctx, 4).table("half", half.clone(), 2)),
        "table \"half\" precision: expected rounding to the nearest (`UpdateRules::rounding`) for 16 bits in a cache, \
         got rounding at random"
    );
    // without updates nothing is rounded
    CachedBags::builder(&ctx).table("h", half, 2).feature("f", "h", Pooling::Sum).build().unwrap();
    let buffer = ctx.allocate("rows", 5 * 16 * 4).unwrap();
    assert_eq!(
        message(ones(&ctx, 4).table("own", Table::rows(5).storage(buffer), 2)),
        "table \"own\" storage: expected none: all rows lie on the host, got a buffer"
    );
    let narrow = Context::cpu_with(&ContextOptions::new().max_binding(1024)).unwrap();
    let wide = Table::rows(5).dim(200);
    let error = ones(&narrow, 4).optimizer(Adagrad::default()).table("wide", wide, 2).build().unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { needed: 1624, limit: 1024, .. }), "{error}");

    let mut bags = ones(&ctx, 4).build().unwrap();
    let mut others = ones(&ctx, 4).build().unwrap();
    let begun = "batch: expected one that was begun by these bags, got one that was begun by others";
    assert_eq!(bags.place(others.batch().feature("f", &[1u32])).unwrap_err().to_string(), begun);
    assert_eq!(bags.prefetch(&others.batch().feature("f", &[1u32])).unwrap_err().to_string(), begun);
    assert!(bags.place(bags.batch()).is_err());
    let batch = place(&mut others, &[1]).unwrap();
    let built = "batch: expected one that was built for these bags, got one that was built for others";
    assert_eq!(bags.forward(&batch).unwrap_err().to_string(), built);
    let grad = Matrix::from_slice(&ctx, &[1.0; 4], 1, 4).unwrap();
    assert_eq!(bags.backward(&batch, &grad).unwrap_err().to_string(), built);
    assert_eq!(bags.steps(), 0);

    assert!(matches!(bags.read_row("t", 100).unwrap_err(), Error::RowOutOfRange { row: 100, rows: 100, .. }));
    assert!(matches!(bags.read_row("t", u32::MAX.into()).unwrap_err(), Error::RowOutOfRange { .. }));
    assert!(matches!(bags.write_row("t", 1 << 40, &[0.0; 4]).unwrap_err(), Error::RowOutOfRange { .. }));
    assert!(bags.write_row("t", 1, &[0.0; 3]).is_err());
    assert!(bags.upload("t", &[0.0; 3]).is_err());
    assert!(bags.download("u").is_err() && bags.table_stats("u").is_err() && bags.slots("u").is_err());
    assert!(bags.import(&Checkpoint::new(), "bags").is_err());
    assert_eq!(bags.download("t").unwrap(), [1.0; 400]);
}
