//! Bad batches and checkpoints of chunked tables: an error, and nothing has changed.

use embag::chunked::{ChunkedTables, ChunkedTablesBuilder, Eviction, PrunedTables, WhenFull};
use embag::directory::DeviceIds;
use embag::optim::Sgd;
use embag::{Buffer, Checkpoint, Context, ContextOptions, Matrix, Pooling, Recorder};

use crate::common;

const DIM: usize = 8;

fn described(ctx: &Context, rows: usize) -> ChunkedTablesBuilder {
    ChunkedTables::builder(ctx)
        .table("t", rows, DIM)
        .feature("f", "t", Pooling::Mean)
        .chunk_width(4)
        .scale(0.5)
        .optimizer(Sgd { lr: 1.0, ..Default::default() })
        .seed(3)
}

fn device_ids(ctx: &Context, batch: usize, ids: &[u64], bags: &[u32], lengths: bool) -> DeviceIds {
    common::with(
        DeviceIds::from_lengths(
            batch,
            Buffer::from_slice(ctx, ids).unwrap(),
            Buffer::from_slice(ctx, bags).unwrap(),
            vec![ids.len()],
        ),
        |given| given.lengths = lengths,
    )
}

/// All that tables hold.
fn everything(tables: &ChunkedTables) -> Checkpoint {
    let mut all = Checkpoint::new();
    tables.export(&mut all, "c").unwrap();
    all
}

fn assert_unchanged(tables: &ChunkedTables, before: &Checkpoint) {
    let after = everything(tables);
    for name in before.names() {
        assert_eq!(after.shape(name), before.shape(name), "{name}");
        let shape = before.shape(name).unwrap();
        match before.tensor::<u32>(name, shape) {
            Ok(words) => assert_eq!(after.tensor::<u32>(name, shape).unwrap(), words, "{name}"),
            Err(_) => assert_eq!(
                after.tensor::<f32>(name, shape).unwrap(),
                before.tensor::<f32>(name, shape).unwrap(),
                "{name}"
            ),
        }
    }
}

#[test]
fn a_bad_batch_of_the_device_changes_nothing() {
    for ctx in common::devices() {
        let mut tables = described(&ctx, 100).slots(200).build().unwrap();
        tables.admit_from_lengths(&[1, 2, 3], &[1, 1, 1]).unwrap();
        let before = everything(&tables);
        for (lengths, bags) in
            [(true, &[2u32, 2][..]), (false, &[0, 5, 3]), (false, &[0, 2, 1]), (false, &[3, 0, 3])]
        {
            let mut rec = Recorder::new(&ctx);
            let ids = device_ids(&ctx, 2, &[1, 2, 3], bags, lengths);
            let batch = tables.record_find_from_device(&mut rec, ids).unwrap();
            let out = Matrix::zeros(&ctx, 2, DIM).unwrap();
            tables.record_forward(&mut rec, &batch, &out).unwrap();
            let grad = Matrix::from_slice(&ctx, &[1.0; 2 * DIM], 2, DIM).unwrap();
            tables.record_backward(&mut rec, &batch, &grad).unwrap();
            assert!(rec.run().is_err(), "{bags:?}");
            assert_unchanged(&tables, &before);
        }
    }
}

#[test]
fn ids_that_cannot_be_admitted_move_no_rows() {
    let small = ContextOptions::new().max_binding(8192);
    for ctx in common::devices_with(&small) {
        let mut tables = described(&ctx, 4).slots(20).build().unwrap();
        tables.admit_from_lengths(&[1, 2, 3, 4], &[4]).unwrap();
        let before = everything(&tables);
        let wrong = |ids: &[u64], bags: &[u32]| device_ids(&ctx, 1, ids, bags, true);
        assert!(tables.admit_from_device(wrong(&[11, 12], &[3])).is_err(), "another sum");
        assert!(tables.admit_from_device(wrong(&[21, 22], &[1, 1])).is_err(), "another number of lengths");
        let many: Vec<u64> = (0..300).map(|i| 100 + i % 2).collect();
        let error = tables.admit_from_lengths(&many, &[300]).unwrap_err().to_string();
        assert!(error.contains("new ids of table \"t\""), "{error}");
        assert_unchanged(&tables, &before);
        assert_eq!(tables.stats("t").unwrap().evicted, 0);
        // and the next one is as good as ever
        tables.admit_from_lengths(&[11, 12], &[2]).unwrap();
    }
}

#[test]
fn counters_of_a_checkpoint_are_taken_whatever_their_number() {
    for ctx in common::devices() {
        let make =
            |rows| described(&ctx, rows).slots(200).when_full(WhenFull::Grow).admit_after(2).build().unwrap();
        for (from, to) in [(64, 4), (4, 64)] {
            let mut saved = make(from);
            saved.admit_from_lengths(&[500, 500, 501, 501, 502, 502], &[6]).unwrap();
            saved.admit_from_lengths(&[7], &[1]).unwrap();
            let mut loaded = make(to);
            loaded.admit_from_lengths(&[1, 1, 2, 2], &[4]).unwrap();
            loaded.import(&everything(&saved), "c").unwrap();
            assert!(loaded.row("t", 1).unwrap().is_none() && loaded.row("t", 501).unwrap().is_some());
            // seen once before it was saved
            loaded.admit_from_lengths(&[7], &[1]).unwrap();
            assert!(loaded.row("t", 7).unwrap().is_some(), "{from} {to}");
            loaded.admit_from_lengths(&[8], &[1]).unwrap();
            assert!(loaded.row("t", 8).unwrap().is_none(), "{from} {to}");
        }
        // one that does not count
        let without = described(&ctx, 64).slots(200).when_full(WhenFull::Grow).build().unwrap();
        let mut tables = make(64);
        tables.admit_from_lengths(&[1, 1], &[2]).unwrap();
        let before = everything(&tables);
        let error = tables.import(&everything(&without), "c").unwrap_err().to_string();
        assert!(error.contains("c.t.sketch: expected counters"), "{error}");
        assert_unchanged(&tables, &before);
    }
}

#[test]
fn a_budget_holds_after_a_load() {
    for ctx in common::devices() {
        let make = |rows| described(&ctx, rows).budget(40_000).build().unwrap();
        let (small, mut large) = (make(100), make(600));
        let before = everything(&large);
        let error = large.import(&everything(&small), "c").unwrap_err().to_string();
        assert!(error.contains("budget: expected at least the"), "{error}");
        assert_unchanged(&large, &before);
        assert_eq!(large.budget(), Some(40_000));
        let mut same = make(100);
        same.import(&everything(&small), "c").unwrap();
        assert!(same.bytes().instead_of_dense() <= 40_000 && same.slots() == small.slots());
    }
}

#[test]
fn a_budget_comes_and_goes_with_a_checkpoint() {
    let ctx = Context::cpu();
    let mut grows = described(&ctx, 100).slots(20).when_full(WhenFull::Grow).build().unwrap();
    let before = everything(&grows);
    let saved = everything(&described(&ctx, 100).budget(40_000).build().unwrap());
    grows.import(&saved, "c").unwrap();
    assert_eq!(grows.budget(), Some(40_000));
    assert!(grows.bytes().instead_of_dense() <= 40_000);
    // tables that have grown need more for themselves
    let mut large = described(&ctx, 100_000).slots(20).when_full(WhenFull::Grow).build().unwrap();
    let of_large = everything(&large);
    let error = large.import(&saved, "c").unwrap_err().to_string();
    assert!(error.contains("budget: expected at least the ") && error.ends_with("got 40000"), "{error}");
    assert_unchanged(&large, &of_large);
    // and a budget goes where none was saved
    let mut with = described(&ctx, 100).budget(40_000).build().unwrap();
    with.import(&before, "c").unwrap();
    assert_eq!((with.budget(), with.slots()), (None, 20));
}

#[test]
fn what_rows_are_kept_for_is_that_of_the_checkpoint() {
    let ctx = Context::cpu();
    let make = |eviction| described(&ctx, 10).slots(20).when_full(WhenFull::Evict(eviction)).build().unwrap();
    let power = |power| Eviction::DistanceLfu { power };
    let saved = everything(&make(Eviction::Lfu));
    for (eviction, own) in
        [(Eviction::Age, "Some(Admission)"), (Eviction::Utility, "None"), (Eviction::Lru, "None")]
    {
        let mut tables = make(eviction);
        let before = everything(&tables);
        let error = tables.import(&saved, "c").unwrap_err().to_string();
        let expected = format!("word of a row: expected {own}, got Some(Occurrences)");
        assert!(error.contains(&expected), "{error}");
        assert_unchanged(&tables, &before);
    }
    make(power(0.5)).import(&saved, "c").unwrap();
    make(Eviction::Lru).import(&everything(&make(Eviction::Utility)), "c").unwrap();
}

#[test]
fn what_no_table_has_is_refused() {
    let ctx = Context::cpu();
    let mut tables = described(&ctx, 10).slots(20).build().unwrap();
    tables.admit_from_lengths(&[1, 2], &[2]).unwrap();
    let good = everything(&tables);
    // the same with other words for a tensor
    let damaged = |what: &str, word: u32, expected: &str| {
        let mut all = Checkpoint::new();
        for name in good.names() {
            let shape = good.shape(name).unwrap();
            if let Ok(words) = good.tensor::<u32>(name, shape) {
                let mut words = words.to_vec();
                if name == what {
                    words[0] = word;
                }
                all.insert(name, shape, words).unwrap();
            } else {
                let mut values = good.tensor::<f32>(name, shape).unwrap().to_vec();
                if name == what {
                    values[0] = f32::from_bits(word);
                }
                all.insert(name, shape, values).unwrap();
            }
        }
        for key in [
            "tables",
            "chunk_width",
            "row_word",
            "slots",
            "budget",
            "steps",
            "store.steps",
            "store.optimizer",
            "store.tables",
        ] {
            let key = format!("c.{key}");
            if let Some(value) = good.metadata(&key) {
                all.set_metadata(&key, value).unwrap();
            }
        }
        let mut other = described(&ctx, 10).slots(20).build().unwrap();
        match (other.import(&all, "c"), expected) {
            (Ok(()), "") => {}
            (result, _) => {
                let error = result.unwrap_err().to_string();
                assert!(error.contains(expected) && !expected.is_empty(), "{error}");
            }
        }
    };
    damaged("", 0, "");
    damaged("c.t.utility", f32::NAN.to_bits(), "c.t.utility: expected numbers of at least 0, got NaN");
    damaged("c.t.utility", (-1f32).to_bits(), "got -1");
    damaged("c.t.touch", 1, "c.t.touch: expected at most step 0, got 1");
    damaged("c.t.slots", 99, "slots: expected each of 20 used once, or free");
}

#[test]
fn damaged_pruned_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pruned.safetensors");
    let load = |tables: &[(&str, u32)], ids_shape: &[usize], ids: &[u32], expected: &str| {
        let mut file = Checkpoint::new();
        file.set_json("pruned.chunk_width", &4u32).unwrap();
        file.set_json("pruned.features", &[("f", (0usize, false))]).unwrap();
        file.set_json("pruned.tables", &tables).unwrap();
        let chunks = tables[0].1 as usize;
        file.insert("pruned.t.virtual_ids", ids_shape, ids.to_vec()).unwrap();
        file.insert("pruned.t.resident", &[ids.len(), chunks], vec![1u32; ids.len() * chunks]).unwrap();
        let values = vec![1f32; ids.len() * chunks * 4];
        file.insert("pruned.t.values", &[ids.len() * chunks, 4], values).unwrap();
        file.save(&path).unwrap();
        let error = PrunedTables::from_file(&Context::cpu(), &path).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    load(&[("t", 2)], &[], &[7], "pruned.t.virtual_ids");
    load(&[("t", 2)], &[2], &[7, 7], "different virtual ids");
    load(&[("t", 2)], &[2], &[7, 0], "different virtual ids");
    load(&[("t", 0)], &[1], &[7], "a name of its own, and chunks");
    load(&[("t", 2), ("t", 2)], &[1], &[7], "a name of its own, and chunks");
}
