//! Deltas: served tables follow tables in training, row for row.

use std::sync::atomic::{AtomicBool, Ordering};

use embag::bag::BatchBuilder;
use embag::delta::Delta;
use embag::optim::{Adagrad, Sgd};
use embag::quant::{RangeSearch, RowFormat, RowLayout};
use embag::{
    CachedBags, Checkpoint, Context, ContextOptions, EmbeddingBags, Error, Pooling, QuantizedBags, Result,
    Table,
};

use crate::common;

const TABLES: [&str; 3] = ["rows", "raw", "frozen"];

/// All devices, and one with bindings of a few rows.
fn devices() -> Vec<Context> {
    let mut all = common::devices();
    all.extend(Context::cpu_with(&ContextOptions::new().max_binding(1024)));
    all
}

macro_rules! built {
    ($builder:expr $(, $slots:expr)?) => {
        $builder
            .table("rows", Table::rows(60).dim(8) $(, $slots)?)
            .table("raw", Table::raw_ids(40).dim(5) $(, $slots)?)
            .table("frozen", Table::rows(10).dim(8).frozen() $(, $slots)?)
            .feature("rows", "rows", Pooling::Sum)
            .feature("raw", "raw", Pooling::Mean)
            .feature("frozen", "frozen", Pooling::Sum)
            .optimizer(Adagrad::new(0.5))
            .track_changes("model")
            .seed(4)
            .build()
            .unwrap()
    };
}

fn bags(ctx: &Context) -> EmbeddingBags {
    built!(EmbeddingBags::builder(ctx))
}

fn raw(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn filled<For>(batch: BatchBuilder<For>, first: u32) -> BatchBuilder<For> {
    let ids: Vec<u64> = (0..4).map(|i| raw(u64::from((first * 2 + i) % 40))).collect();
    batch.bags("rows", &[first, first + 1, first + 7], &[2, 1]).bags("raw", &ids, &[1, 3]).bags(
        "frozen",
        &[first % 10],
        &[1, 0],
    )
}

fn step(bags: &mut EmbeddingBags, first: u32) {
    let batch = bags.admit(filled(bags.batch(), first)).unwrap();
    let pooled = bags.forward(&batch).unwrap();
    bags.backward(&batch, &pooled).unwrap();
}

fn served(bags: &EmbeddingBags, format: RowFormat) -> QuantizedBags {
    QuantizedBags::of(bags, |_| (format, RangeSearch::MinMax)).unwrap()
}

fn bytes(served: &QuantizedBags) -> Vec<Vec<u8>> {
    TABLES.iter().map(|table| served.download_bytes(table, RowLayout::Fused).unwrap()).collect()
}

/// A delta as its receiver reads it.
fn sent(delta: &Delta) -> Delta {
    Delta::from_bytes(&delta.to_bytes().unwrap()).unwrap()
}

fn says(result: Result<()>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn what_is_served_is_what_was_trained() {
    for ctx in devices() {
        for format in [RowFormat::Int8, RowFormat::Int4, RowFormat::F16] {
            let mut bags = bags(&ctx);
            step(&mut bags, 0);
            let served = served(&bags, format);
            assert_eq!(served.step(), Some(1));
            for (round, firsts) in [[3, 9], [3, 40], [21, 12]].into_iter().enumerate() {
                let before = bags.steps();
                firsts.into_iter().for_each(|first| step(&mut bags, first));
                let delta = sent(&bags.changed_since(before).unwrap());
                assert_eq!((delta.since(), delta.until(), delta.model()), (before, before + 2, "model"));
                // 3 rows and 4 ids a step, at most, and nothing frozen
                assert!((7..=14).contains(&delta.rows()), "{} rows, round {round}", delta.rows());
                served.apply(&delta, RangeSearch::MinMax).unwrap();
                assert_eq!(served.step(), Some(bags.steps()));
                let expected = QuantizedBags::of(&bags, |_| (format, RangeSearch::MinMax)).unwrap();
                assert_eq!(bytes(&served), bytes(&expected), "{format:?} on {ctx:?}");
            }
            let found = served.find(filled(served.batch(), 12)).unwrap();
            assert_eq!(found.skipped().unwrap(), 0);
            let ids = |of: &embag::IdDirectory| of.virtual_ids().unwrap();
            assert_eq!(ids(served.directory("raw").unwrap()), ids(bags.directory("raw").unwrap()));
        }
    }
}

#[test]
fn everything_that_changes_rows_is_noted() {
    for ctx in devices() {
        let mut bags = bags(&ctx);
        assert_eq!(bags.changed_since(0).unwrap().rows(), 0);
        step(&mut bags, 5);
        assert_eq!(bags.changed_since(0).unwrap().rows(), 7);
        assert_eq!(bags.changed_since(1).unwrap().rows(), 0);
        bags.write_row("rows", 33, &[0.5; 8]).unwrap();
        bags.write_row("frozen", 2, &[0.5; 8]).unwrap();
        assert_eq!(bags.changed_since(1).unwrap().rows(), 2);
        // ids that are admitted but not trained are known to who follows
        bags.admit(bags.batch().only(&["raw"]).feature("raw", &[raw(30), raw(31)])).unwrap();
        assert_eq!(bags.changed_since(1).unwrap().rows(), 4);
        let batch = bags.batch().only(&["rows"]).feature("rows", &[50u32, 50]).build().unwrap();
        let pooled = bags.forward(&batch).unwrap();
        let gradients = bags.sparse_grad(&batch, &pooled).unwrap();
        bags.update(&gradients).unwrap();
        let delta = bags.changed_since(1).unwrap();
        assert_eq!((delta.until(), delta.rows()), (2, 5));
        bags.upload("rows", &[0.25; 60 * 8]).unwrap();
        assert_eq!(bags.changed_since(2).unwrap().rows(), 60);
        let mut checkpoint = Checkpoint::new();
        bags.export(&mut checkpoint, "bags").unwrap();
        bags.import(&checkpoint, "bags").unwrap();
        // rows that no raw id has are not sent
        assert_eq!(bags.changed_since(2).unwrap().rows(), 60 + 6 + 10);
    }
}

#[test]
fn any_of_the_tables_may_be_trained() {
    for ctx in devices() {
        let mut bags = bags(&ctx);
        let served = served(&bags, RowFormat::Int8);
        let follows = |bags: &EmbeddingBags| {
            let since = served.step().unwrap();
            served.apply(&sent(&bags.changed_since(since).unwrap()), RangeSearch::MinMax).unwrap();
            let expected = QuantizedBags::of(bags, |_| (RowFormat::Int8, RangeSearch::MinMax)).unwrap();
            assert_eq!(bytes(&served), bytes(&expected), "{ctx:?}");
        };
        for first in [3, 17, 30] {
            let ids = [first, first + 1, first].map(raw);
            let batch = bags.batch().only(&["raw"]).bags("raw", &ids, &[2, 1]);
            let batch = bags.admit(batch).unwrap();
            let pooled = bags.forward(&batch).unwrap();
            bags.backward(&batch, &pooled).unwrap();
            follows(&bags);
            let gradients = bags.sparse_grad(&batch, &pooled).unwrap();
            bags.update(&gradients).unwrap();
            follows(&bags);
        }
        // and one that goes on from a checkpoint
        let mut checkpoint = Checkpoint::new();
        step(&mut bags, 22);
        bags.export(&mut checkpoint, "bags").unwrap();
        let mut bags = self::bags(&ctx);
        bags.import(&checkpoint, "bags").unwrap();
        step(&mut bags, 23);
        follows(&bags);
    }
}

#[test]
fn cached_tables_give_the_same() {
    for ctx in common::devices() {
        let mut whole = bags(&ctx);
        let mut cached = built!(CachedBags::builder(&ctx), 9);
        let (of_whole, of_cached) = (served(&whole, RowFormat::Int8), served(&whole, RowFormat::Int8));
        for first in [0, 9, 3, 30, 3, 45] {
            let before = whole.steps();
            step(&mut whole, first);
            let placed = cached.admit(filled(cached.batch(), first)).unwrap();
            let pooled = cached.forward(&placed).unwrap();
            cached.backward(&placed, &pooled).unwrap();
            drop(placed);
            of_whole.apply(&sent(&whole.changed_since(before).unwrap()), RangeSearch::MinMax).unwrap();
            of_cached.apply(&sent(&cached.changed_since(before).unwrap()), RangeSearch::MinMax).unwrap();
            assert_eq!(bytes(&of_whole), bytes(&of_cached), "{ctx:?}");
        }
        assert!(cached.changed_since(5).unwrap().rows() < 20);
    }
}

#[test]
fn nothing_of_a_wrong_delta_is_applied() {
    let ctx = Context::cpu();
    let mut bags = bags(&ctx);
    let served = served(&bags, RowFormat::Int8);
    step(&mut bags, 0);
    let first = bags.changed_since(0).unwrap();
    step(&mut bags, 20);
    let second = bags.changed_since(1).unwrap();
    let before = bytes(&served);
    let apply = |delta: &Delta| served.apply(delta, RangeSearch::MinMax);
    says(apply(&second), "delta: expected one that begins at step 0 or before, got steps 1 to 2");
    let other = EmbeddingBags::builder(&ctx)
        .table("rows", Table::rows(60).dim(8))
        .feature("rows", "rows", Pooling::Sum)
        .optimizer(Sgd::new(1.0))
        .track_changes("another")
        .build()
        .unwrap();
    says(
        apply(&other.changed_since(0).unwrap()),
        "delta: expected one of model \"model\", got one of \"another\"",
    );
    // cut short, or altered, on the way
    let whole = first.to_bytes().unwrap();
    for cut in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(Delta::from_bytes(&whole[..cut]).unwrap_err(), Error::Checkpoint { .. }), "{cut}");
    }
    for at in (0..whole.len()).step_by(97) {
        let mut altered = whole.clone();
        altered[at] ^= 4;
        assert!(matches!(Delta::from_bytes(&altered).unwrap_err(), Error::Checkpoint { .. }), "{at}");
    }
    let checkpoint = Checkpoint::new().to_bytes().unwrap();
    let error = Delta::from_bytes(&checkpoint).unwrap_err().to_string();
    assert_eq!(error, "checkpoint (in memory): metadata \"delta\": expected an entry, got none");
    assert_eq!((bytes(&served), served.step()), (before, Some(0)));

    apply(&first).unwrap();
    let before = bytes(&served);
    says(apply(&first), "delta: expected one beyond step 1, which is here already, got steps 0 to 1");
    // a value that cannot be kept, behind rows that can
    bags.write_row("rows", 1, &[0.5; 8]).unwrap();
    bags.write_row("rows", 2, &[f32::NAN; 8]).unwrap();
    let error = apply(&bags.changed_since(1).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("row 2 of table \"rows\": expected finite values"), "{error}");
    assert_eq!((bytes(&served), served.step()), (before, Some(1)));
    apply(&second).unwrap();

    // models of the same name, but of other tables or of other ids
    let table = |table| {
        let built = EmbeddingBags::builder(&ctx).table("raw", table).feature("raw", "raw", Pooling::Sum);
        built.optimizer(Sgd::new(1.0)).track_changes("model").build().unwrap()
    };
    let trained = |mut bags: EmbeddingBags, ids: &[u64]| {
        for _ in 0..3 {
            let batch = bags.admit(bags.batch().feature("raw", ids)).unwrap();
            let pooled = bags.forward(&batch).unwrap();
            bags.backward(&batch, &pooled).unwrap();
        }
        bags.changed_since(2).unwrap()
    };
    let before = bytes(&served);
    for (delta, expected) in [
        (
            trained(table(Table::rows(40).dim(5)), &[1]),
            "table \"raw\" of the delta: expected raw ids, got rows",
        ),
        (
            trained(table(Table::raw_ids(40).dim(6)), &[1]),
            "table \"raw\" of the delta: expected 5 columns, got 6",
        ),
    ] {
        says(apply(&delta), expected);
    }
    let error = apply(&trained(table(Table::raw_ids(40).dim(5)), &[1])).unwrap_err().to_string();
    assert!(error.starts_with("row 0 of table \"raw\" of the delta: expected virtual id "), "{error}");
    assert_eq!((bytes(&served), served.step()), (before, Some(2)));

    let untracked = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(5))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    let error = untracked.changed_since(0).unwrap_err().to_string();
    assert_eq!(error, "changed_since: expected tables built with `track_changes`, got others");
    let error = bags.changed_since(9).unwrap_err().to_string();
    assert_eq!(error, "step: expected at most 2, the last one, got 9");
    let alone = QuantizedBags::of(&untracked, |_| (RowFormat::Int8, RangeSearch::MinMax)).unwrap();
    assert_eq!(alone.step(), None);
    says(
        alone.apply(&first, RangeSearch::MinMax),
        "apply: expected bags made of tables that track their changes, got bags that follow no model",
    );
}

#[test]
fn a_file_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let [model, change] = ["model", "change"].map(|name| folder.path().join(name));
    let ctx = Context::cpu();
    let mut bags = bags(&ctx);
    step(&mut bags, 0);
    served(&bags, RowFormat::Int4).save(&model).unwrap();
    step(&mut bags, 3);
    let mut delta = bags.changed_since(1).unwrap();
    delta.checkpoint_mut().insert("layer.bias", &[2], vec![1.0f32, 2.0]).unwrap();
    delta.save(&change).unwrap();

    let loaded = QuantizedBags::from_file(&ctx, &model).unwrap();
    assert_eq!(loaded.step(), Some(1));
    let delta = Delta::load(&change).unwrap();
    loaded.apply(&delta, RangeSearch::MinMax).unwrap();
    assert_eq!(delta.checkpoint().tensor::<f32>("layer.bias", &[2]).unwrap(), [1.0, 2.0]);
    assert_eq!(bytes(&loaded), bytes(&served(&bags, RowFormat::Int4)));
}

#[test]
fn lookups_see_whole_rows_while_they_are_replaced() {
    for ctx in common::devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(64).dim(32))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd::new(1.0))
            .track_changes("model")
            .build()
            .unwrap();
        bags.upload("t", &[0.0; 64 * 32]).unwrap();
        let served = served(&bags, RowFormat::F32);
        let batch = served.batch().feature("f", &(0..64).collect::<Vec<u32>>()).build().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0;
                loop {
                    let rows = served.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                    // one submission replaces them all, and one reads them
                    assert!(rows.iter().all(|value| *value == rows[0]), "{rows:?}");
                    seen += 1;
                    if done.load(Ordering::Relaxed) {
                        break seen;
                    }
                }
            });
            for round in 1..20 {
                bags.upload("t", &[round as f32; 64 * 32]).unwrap();
                let batch = bags.batch().feature("f", &[0u32; 0]).build().unwrap();
                let pooled = bags.forward(&batch).unwrap();
                bags.backward(&batch, &pooled).unwrap();
                let delta = bags.changed_since(bags.steps() - 1).unwrap();
                served.apply(&sent(&delta), RangeSearch::MinMax).unwrap();
            }
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().unwrap() > 0);
        });
    }
}
