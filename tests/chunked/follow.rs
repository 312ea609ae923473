//! Deltas of chunked tables: pruned and quantised tables that serve follow them.

use std::sync::atomic::{AtomicBool, Ordering};

use embag::chunked::{ChunkedTables, ChunkedTablesBuilder, Eviction, PrunedTables, WhenFull};
use embag::delta::Delta;
use embag::optim::Sgd;
use embag::quant::{RangeSearch, RowFormat};
use embag::{Checkpoint, Context, Error, Pooling, Precision, QuantizedBags, Recorder, Result};

use crate::common;
use crate::random::Random;

fn described(ctx: &Context) -> ChunkedTablesBuilder {
    ChunkedTables::builder(ctx)
        .table("wide", 40, 16)
        .table("narrow", 20, 8)
        .feature("mean", "wide", Pooling::Mean)
        .feature("sum", "narrow", Pooling::Sum)
        .chunk_width(4)
        .slots(90)
        .scale(0.5)
        .optimizer(Sgd::new(0.3))
        .track_changes("model")
}

fn tables(ctx: &Context) -> ChunkedTables {
    described(ctx).build().unwrap()
}

fn step(tables: &mut ChunkedTables, random: &mut Random, first: u32) {
    let ids: Vec<u64> = (0..6).map(|_| u64::from(first + random.below(25))).collect();
    let batch = tables.batch().bags("mean", &ids, &[4, 2]).bags("sum", &ids[..3], &[1, 2]);
    let batch = tables.admit(batch).unwrap();
    let out = tables.forward(&batch).unwrap();
    tables.backward(&batch, &out).unwrap();
}

/// A delta as its receiver reads it.
fn sent(delta: &Delta) -> Delta {
    Delta::from_bytes(&delta.to_bytes().unwrap()).unwrap()
}

macro_rules! outputs {
    ($tables:expr, $ids:expr) => {{
        let ids: &[u64] = $ids;
        let lengths = vec![1u32; ids.len()];
        let batch = $tables.batch().bags("mean", ids, &lengths).bags("sum", ids, &lengths);
        let batch = $tables.find(batch).unwrap();
        let out = $tables.forward(&batch).unwrap().to_vec($tables.context()).unwrap();
        out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    }};
}

#[test]
fn what_is_served_is_what_was_trained() {
    for ctx in common::devices() {
        for precision in [Precision::F32, Precision::F16] {
            let mut random = Random::new(8);
            let mut tables = described(&ctx).precision(precision).build().unwrap();
            step(&mut tables, &mut random, 0);
            let pruned = tables.pruned().unwrap();
            let choose = |_: &str| (RowFormat::F32, RangeSearch::MinMax);
            let quantized = QuantizedBags::of(&tables, choose).unwrap();
            assert_eq!((pruned.step(), quantized.step()), (Some(1), Some(1)));
            let ids: Vec<u64> = (0..120).collect();
            let mut evicted = 0;
            for round in 0..12 {
                let since = pruned.step().unwrap();
                // ids drift, so that rows leave; chunks come and go
                for _ in 0..3 {
                    step(&mut tables, &mut random, round * 6);
                }
                if round % 3 == 1 {
                    tables.adjust(0.3, 1.0).unwrap();
                    step(&mut tables, &mut random, round * 6);
                }
                let delta = sent(&tables.changed_since(since).unwrap());
                assert_eq!((delta.since(), delta.until(), delta.model()), (since, tables.steps(), "model"));
                pruned.apply(&delta).unwrap();
                quantized.apply(&delta, RangeSearch::MinMax).unwrap();
                let expected = outputs!(tables, &ids);
                assert!(outputs!(pruned, &ids) == expected, "round {round}, {precision:?} on {ctx:?}");
                for &id in &ids[..40] {
                    let row = tables.row("wide", id).unwrap().map(|row| row.values);
                    // rows without chunks are left out
                    let found =
                        pruned.row("wide", id).unwrap().or(row.clone().map(|row| vec![0.0; row.len()]));
                    assert_eq!(found, row, "id {id}, round {round}");
                }
                assert!(outputs!(quantized, &ids) == expected, "round {round}, {precision:?} on {ctx:?}");
                evicted = tables.stats("wide").unwrap().evicted;
            }
            assert!(evicted > 0);
            // what was saved follows on
            let folder = tempfile::tempdir().unwrap();
            pruned.save(folder.path().join("pruned.safetensors")).unwrap();
            let loaded = PrunedTables::from_file(&ctx, folder.path().join("pruned.safetensors")).unwrap();
            assert_eq!(loaded.step(), pruned.step());
            let served = folder.path().join("served.safetensors");
            let mut checkpoint = Checkpoint::new();
            quantized.export(&mut checkpoint, "served").unwrap();
            checkpoint.save(&served).unwrap();
            let served = QuantizedBags::from_checkpoint(&ctx, &Checkpoint::load(&served).unwrap(), "served");
            let served = served.unwrap();
            assert!(outputs!(served, &ids) == outputs!(tables, &ids));
            step(&mut tables, &mut random, 90);
            let since = served.step().unwrap();
            served.apply(&sent(&tables.changed_since(since).unwrap()), RangeSearch::MinMax).unwrap();
            assert!(outputs!(served, &ids) == outputs!(tables, &ids));
            loaded.apply(&sent(&tables.changed_since(pruned.step().unwrap()).unwrap())).unwrap();
            assert!(outputs!(loaded, &ids) == outputs!(tables, &ids));
        }
    }
}

#[test]
fn deltas_that_do_not_fit_change_nothing() {
    let says = |result: Result<()>, expected: &str| assert_eq!(result.unwrap_err().to_string(), expected);
    for ctx in common::devices() {
        let mut random = Random::new(8);
        let mut trained = tables(&ctx);
        step(&mut trained, &mut random, 0);
        let pruned = trained.pruned().unwrap();
        step(&mut trained, &mut random, 0);
        let first = trained.changed_since(1).unwrap();
        step(&mut trained, &mut random, 0);
        let second = trained.changed_since(2).unwrap();
        let ids: Vec<u64> = (0..60).collect();
        let before = outputs!(pruned, &ids);
        says(pruned.apply(&second), "delta: expected one that begins at step 1 or before, got steps 2 to 3");
        let mut other = described(&ctx).track_changes("other").build().unwrap();
        (0..3).for_each(|_| step(&mut other, &mut random, 0));
        let of_other = other.changed_since(1).unwrap();
        says(pruned.apply(&of_other), "delta: expected one of model \"model\", got one of \"other\"");
        let wider = ChunkedTables::builder(&ctx)
            .table("wide", 40, 16)
            .table("narrow", 20, 16)
            .feature("mean", "wide", Pooling::Mean)
            .feature("sum", "narrow", Pooling::Sum)
            .chunk_width(4)
            .slots(90)
            .optimizer(Sgd::new(0.3))
            .track_changes("model");
        let mut wider = wider.build().unwrap();
        (0..3).for_each(|_| step(&mut wider, &mut random, 0));
        says(
            pruned.apply(&wider.changed_since(0).unwrap()),
            "table \"narrow\" of the delta: expected 8 columns in 2 chunks, got 16 in 4",
        );
        // more rows, and more chunks, than there is room for
        let mut small = described(&ctx).slots(20).build().unwrap();
        step(&mut small, &mut random, 0);
        let follower = small.pruned().unwrap();
        let mut large = tables(&ctx);
        for round in 0..6 {
            step(&mut large, &mut random, round * 4);
        }
        says(
            follower.apply(&large.changed_since(0).unwrap()),
            "table \"wide\" of the delta: expected no more chunks than there are slots, got more",
        );
        assert_eq!(follower.step(), Some(1));
        let bytes = first.to_bytes().unwrap();
        assert!(Delta::from_bytes(&bytes[..bytes.len() - 9]).is_err());
        assert!(outputs!(pruned, &ids) == before);
        pruned.apply(&first).unwrap();
        let once = pruned.apply(&first);
        says(once, "delta: expected one beyond step 2, which is here already, got steps 1 to 2");
        pruned.apply(&second).unwrap();
        assert!(outputs!(pruned, &ids) == outputs!(trained, &ids));
        // those that do not track their changes
        let plain = ChunkedTables::builder(&ctx).table("t", 4, 8).feature("f", "t", Pooling::Sum);
        let plain = plain.chunk_width(4).slots(5).build().unwrap();
        let error = plain.changed_since(0).unwrap_err().to_string();
        assert_eq!(error, "changed_since: expected tables built with `track_changes`, got others");
        says(
            plain.pruned().unwrap().apply(&first),
            "apply: expected tables made of tables that track their changes, got tables that follow no model",
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let ctx = Context::cpu();
    let mut random = Random::new(8);
    let mut trained = tables(&ctx);
    step(&mut trained, &mut random, 0);
    let pruned = trained.pruned().unwrap();
    for spare in [
        r#"{"model":"model","step":1,"rows":[40,20],"slots":4000000000}"#,
        r#"{"model":"model","step":1,"rows":[40,20],"slots":1}"#,
        r#"{"model":"model","step":1,"rows":[1,20],"slots":90}"#,
        r#"{"model":"model","step":1,"rows":[40],"slots":90}"#,
    ] {
        let mut checkpoint = Checkpoint::new();
        pruned.export(&mut checkpoint, "p").unwrap();
        assert!(PrunedTables::from_checkpoint(&ctx, &checkpoint, "p").is_ok());
        checkpoint.set_metadata("p.spare", spare).unwrap();
        let error = PrunedTables::from_checkpoint(&ctx, &checkpoint, "p").unwrap_err();
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    }
    for (key, value) in [
        ("p.features", r#"[["mean",{"table":0,"pooling":"mean","padding":4294967295}]]"#),
        ("p.features", r#"[["a",[0,true]],["a",[1,false]]]"#),
        ("p.tables", r#"[["wide",1073741824],["narrow",2]]"#),
    ] {
        let mut checkpoint = Checkpoint::new();
        pruned.export(&mut checkpoint, "p").unwrap();
        checkpoint.set_metadata(key, value).unwrap();
        let error = PrunedTables::from_checkpoint(&ctx, &checkpoint, "p").unwrap_err();
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    }
    // a table that is there twice
    let delta = trained.changed_since(0).unwrap();
    let mut checkpoint = delta.checkpoint().clone();
    let head = checkpoint.metadata("delta").unwrap().replace("\"narrow\"", "\"wide\"");
    checkpoint.set_metadata("delta", head).unwrap();
    let error = Delta::from_bytes(&checkpoint.to_bytes().unwrap()).unwrap_err();
    assert!(error.to_string().contains("each table once"), "{error}");
}

#[test]
fn a_batch_of_rows_that_left_is_stale() {
    for ctx in common::devices() {
        let mut random = Random::new(8);
        let mut tables = described(&ctx).when_full(WhenFull::Evict(Eviction::Lru)).build().unwrap();
        step(&mut tables, &mut random, 0);
        let pruned = tables.pruned().unwrap();
        let found =
            |tables: &PrunedTables| tables.find(tables.batch().only(&["mean"]).feature("mean", &[3u64]));
        let batch = found(&pruned).unwrap();
        step(&mut tables, &mut random, 0);
        pruned.apply(&tables.changed_since(1).unwrap()).unwrap();
        assert!(pruned.forward(&batch).is_ok());
        let since = tables.steps();
        let mut recorded = Recorder::new(&ctx);
        let out = pruned.forward(&batch).unwrap();
        pruned.record_forward(&mut recorded, &batch, &out).unwrap();
        (1..9).for_each(|round| step(&mut tables, &mut random, round * 30));
        assert!(tables.stats("wide").unwrap().evicted > 0);
        pruned.apply(&tables.changed_since(since).unwrap()).unwrap();
        assert!(matches!(pruned.forward(&batch).unwrap_err(), Error::Stale { .. }));
        assert!(matches!(recorded.run().unwrap_err(), Error::Stale { .. }));
        assert!(pruned.forward(&found(&pruned).unwrap()).is_ok());
    }
}

/// All values of a row are those of one step, whoever looks while deltas come.
#[test]
fn rows_are_whole_while_they_are_replaced() {
    let ctx = common::devices().pop().unwrap();
    let mut tables = ChunkedTables::builder(&ctx)
        .table("t", 50, 32)
        .feature("f", "t", Pooling::Sum)
        .chunk_width(4)
        .slots(400)
        .scale(0.0)
        .optimizer(Sgd::new(1.0))
        .track_changes("model")
        .build()
        .unwrap();
    let ids: Vec<u64> = (0..50).collect();
    let batch = tables.admit(tables.batch().feature("f", &ids)).unwrap();
    let grad = embag::Matrix::from_slice(&ctx, &[-1.0; 50 * 32], 50, 32).unwrap();
    tables.backward(&batch, &grad).unwrap();
    let served = tables.pruned().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = 0.0;
            while !done.load(Ordering::Acquire) {
                let batch = served.find(served.batch().feature("f", &ids)).unwrap();
                let out = served.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                for row in out.chunks(32) {
                    assert!(row.iter().all(|&value| value == row[0] && value >= last), "{row:?}");
                }
                last = out[0];
            }
        });
        for _ in 0..30 {
            let since = tables.steps();
            tables.backward(&batch, &grad).unwrap();
            served.apply(&tables.changed_since(since).unwrap()).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(served.step(), Some(31));
}
