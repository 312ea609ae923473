//! Optimizers, rules and schedules of single tables: each table becomes what it would become among tables
//! that all have them.

use embag::optim::{Adam, Optimizer, RowwiseAdagrad, Schedule, Sgd, UpdateRules};
use embag::{
    Buffer, CachedBags, Checkpoint, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Recorder, Table,
};

use crate::common::devices;

const TABLES: [&str; 5] = ["plain", "adam", "ruled", "frozen", "other"];
const STEPS: u32 = 3;

fn adam() -> Optimizer {
    Adam::new(0.02).into()
}

fn rules() -> UpdateRules {
    UpdateRules { clip_value: Some(0.01), ..UpdateRules::default() }
}

fn schedule() -> Schedule {
    Schedule::constant().warmup(10)
}

/// A table as it is described for itself.
fn described(name: &str) -> Table {
    let table = Table::rows(20).dim(if name == "other" { 3 } else { 8 });
    match name {
        "adam" => table.optimizer(adam()),
        "ruled" => table.update_rules(rules()).schedule(schedule()),
        "frozen" => table.frozen(),
        _ => table,
    }
}

macro_rules! built {
    ($builder:expr, $table:expr $(, $slots:expr)?) => {{
        let mut builder = $builder;
        for name in TABLES {
            builder = builder.table(name, $table(name) $(, $slots)?).feature(name, name, Pooling::Sum);
        }
        // two features of one table
        builder.feature("again", "adam", Pooling::Mean).optimizer(RowwiseAdagrad::new(0.05)).seed(9)
    }};
}

fn mixed(ctx: &Context) -> EmbeddingBags {
    built!(EmbeddingBags::builder(ctx), described).build().unwrap()
}

/// Bags all of whose tables are updated as one of the others is.
fn alike(ctx: &Context, name: &str) -> EmbeddingBags {
    let plain = |name: &str| Table::rows(20).dim(if name == "other" { 3 } else { 8 });
    let builder = built!(EmbeddingBags::builder(ctx), plain);
    match name {
        "adam" => builder.optimizer(adam()),
        "ruled" => builder.update_rules(rules()).schedule(schedule()),
        _ => builder,
    }
    .build()
    .unwrap()
}

/// Ids of four examples and six features, one after the other, and lengths.
fn ids(step: u32) -> (Vec<u32>, Vec<u32>) {
    let lengths: Vec<u32> = (0..24).map(|bag| (bag * 5 + step) % 4).collect();
    let count = lengths.iter().sum::<u32>();
    ((0..count).map(|i| (i * i * 7 + step * 3) % 20).collect(), lengths)
}

fn gradient(ctx: &Context) -> Matrix {
    let values: Vec<f32> = (0..4 * 43).map(|i| ((i * 37 % 29) as f32 - 14.0) / 100.0).collect();
    Matrix::from_slice(ctx, &values, 4, 43).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn train(bags: &mut EmbeddingBags) {
    let ctx = bags.context().clone();
    for step in 0..STEPS {
        let (ids, lengths) = ids(step);
        let batch = bags.batch_from_lengths(&ids, &lengths, None).unwrap();
        bags.backward(&batch, &gradient(&ctx)).unwrap();
    }
}

#[test]
fn every_table_has_its_own_step() {
    for ctx in devices() {
        let mut bags = mixed(&ctx);
        let first = bags.download("frozen").unwrap();
        train(&mut bags);
        assert_eq!(bags.steps(), STEPS);
        assert_eq!(bits(&bags.download("frozen").unwrap()), bits(&first));
        for name in ["plain", "adam", "ruled", "other"] {
            let mut same = alike(&ctx, name);
            train(&mut same);
            let (got, expected) = (bags.download(name).unwrap(), same.download(name).unwrap());
            assert_eq!(bits(&got), bits(&expected), "{name} on {ctx:?}");
        }
        // no state for what is frozen: a row-wise sum for three tables, two moments for one
        assert_eq!(bags.state_bytes(), 3 * 20 * 4 + 20 * 8 * 2 * 4);
        assert_eq!(bags.table_optimizer("adam").unwrap(), Some(&adam()));
        assert_eq!(bags.table_optimizer("frozen").unwrap(), None);
        assert!(bags.download_state("adam", "exp_avg").is_ok());
        let error = bags.download_state("frozen", "exp_avg").unwrap_err();
        assert_eq!(error.to_string(), "state: expected one of [], got \"exp_avg\"");
    }
}

#[test]
fn device_batches_sparse_gradients_and_caches_do_the_same() {
    for ctx in devices() {
        let mut host = mixed(&ctx);
        train(&mut host);
        let (mut device, mut sparse) = (mixed(&ctx), mixed(&ctx));
        let mut cached = built!(CachedBags::builder(&ctx), described, 20).build().unwrap();
        for step in 0..STEPS {
            let (ids, lengths) = ids(step);
            let given = DeviceBatch::from_lengths(
                4,
                Buffer::from_slice(&ctx, &ids).unwrap(),
                Buffer::from_slice(&ctx, &lengths).unwrap(),
            );
            let mut rec = Recorder::new(&ctx);
            let batch = device.batch_from_device(&mut rec, given).unwrap();
            device.record_backward(&mut rec, &batch, &gradient(&ctx)).unwrap();
            rec.run().unwrap();

            let batch = sparse.batch_from_lengths(&ids, &lengths, None).unwrap();
            let gradients = sparse.sparse_grad(&batch, &gradient(&ctx)).unwrap();
            assert_eq!(gradients.len(), TABLES.len());
            sparse.update(&gradients).unwrap();

            let batch = cached.place_from_lengths(&ids, &lengths, None).unwrap();
            cached.backward(&batch, &gradient(&ctx)).unwrap();
        }
        for name in TABLES {
            let expected = bits(&host.download(name).unwrap());
            assert_eq!(bits(&device.download(name).unwrap()), expected, "{name} on {ctx:?}");
            assert_eq!(bits(&sparse.download(name).unwrap()), expected, "{name} on {ctx:?}");
            assert_eq!(bits(&cached.download(name).unwrap()), expected, "{name} on {ctx:?}");
        }
    }
}

#[test]
fn learning_rates_of_tables() {
    let ctx = Context::cpu();
    let mut bags = mixed(&ctx);
    let before: Vec<_> = TABLES.iter().map(|name| bits(&bags.download(name).unwrap())).collect();
    bags.set_lr(0.0).unwrap();
    bags.set_table_lr("adam", 0.0).unwrap();
    train(&mut bags);
    let changed: Vec<bool> = TABLES
        .iter()
        .zip(&before)
        .map(|(name, before)| bits(&bags.download(name).unwrap()) != *before)
        .collect();
    assert_eq!(changed, [false, false, true, false, false]);
    for (table, expected) in [
        ("plain", "one of its own, for a learning rate of its own, got that of all tables"),
        ("frozen", "one, got none"),
    ] {
        let error = bags.set_table_lr(table, 0.1).unwrap_err().to_string();
        assert_eq!(error, format!("optimizer of table \"{table}\": expected {expected}"));
    }
    assert!(bags.set_table_lr("adam", f32::NAN).is_err());
    assert!(bags.set_table_lr("none", 0.1).is_err());
    let built = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(3).optimizer(Sgd { lr: f32::INFINITY, ..Sgd::default() }))
        .feature("f", "t", Pooling::Sum)
        .build();
    assert!(built.unwrap_err().to_string().starts_with("table \"t\", "));
}

#[test]
fn only_a_table_may_be_trained_and_all_may_be_frozen() {
    let ctx = Context::cpu();
    let build = |table: Table| {
        let builder = EmbeddingBags::builder(&ctx).table("a", Table::rows(5)).table("b", table);
        builder.feature("a", "a", Pooling::Sum).feature("b", "b", Pooling::Sum).build().unwrap()
    };
    let mut bags = build(Table::rows(5).optimizer(Sgd::new(0.5)));
    let (a, b) = (bags.download("a").unwrap(), bags.download("b").unwrap());
    let batch = bags.batch().feature("a", &[1u32]).feature("b", &[2u32]).build().unwrap();
    let pooled = bags.forward(&batch).unwrap();
    bags.backward(&batch, &pooled).unwrap();
    assert_eq!(bags.download("a").unwrap(), a);
    assert_ne!(bags.download("b").unwrap(), b);
    assert!(bags.optimizer().is_none());
    let mut frozen = build(Table::rows(5).frozen());
    let batch = frozen.batch().feature("a", &[1u32]).feature("b", &[2u32]).build().unwrap();
    let error = frozen.backward(&batch, &pooled).unwrap_err();
    assert_eq!(error.to_string(), "optimizer: expected one, for a backward, got none");
}

#[test]
fn checkpoints_know_whose_optimizer_is_whose() {
    for ctx in devices() {
        let mut bags = mixed(&ctx);
        train(&mut bags);
        bags.set_table_lr("adam", 0.004).unwrap();
        let mut checkpoint = Checkpoint::new();
        bags.export(&mut checkpoint, "bags").unwrap();
        let mut again = mixed(&ctx);
        again.import(&checkpoint, "bags").unwrap();
        assert_eq!(again.table_optimizer("adam").unwrap().unwrap().lr(), 0.004);
        assert_eq!(again.optimizer().unwrap().lr(), 0.05);
        train(&mut bags);
        train(&mut again);
        for name in TABLES {
            assert_eq!(bits(&bags.download(name).unwrap()), bits(&again.download(name).unwrap()), "{name}");
        }
        let says = |error: embag::Error, expected: &str| {
            let text = error.to_string();
            assert!(text.ends_with(expected), "{text}");
        };
        says(
            alike(&ctx, "plain").import(&checkpoint, "bags").unwrap_err(),
            "table \"adam\", optimizer: expected rowwise_adagrad, got adam",
        );
        let mut plain = Checkpoint::new();
        alike(&ctx, "plain").export(&mut plain, "bags").unwrap();
        says(
            mixed(&ctx).import(&plain, "bags").unwrap_err(),
            "table \"adam\", optimizer: expected adam, got rowwise_adagrad",
        );
    }
}
