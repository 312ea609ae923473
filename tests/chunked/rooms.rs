//! Chunked tables: full directories, admission by count, budgets, ids from the device, exports and pruned
//! tables.

use embag::chunked::{ChunkedTables, ChunkedTablesBuilder, Eviction, Growth, PrunedTables, WhenFull};
use embag::directory::{DeviceIds, IdDirectory};
use embag::optim::Sgd;
use embag::{Buffer, Checkpoint, Context, Matrix, Pooling, Recorder};

use crate::common;

/// Without slots.
fn described(ctx: &Context) -> ChunkedTablesBuilder {
    ChunkedTables::builder(ctx)
        .table("t", 4, 8)
        .feature("f", "t", Pooling::Sum)
        .chunk_width(4)
        .optimizer(Sgd { lr: 0.5, ..Default::default() })
}

fn builder(ctx: &Context) -> ChunkedTablesBuilder {
    described(ctx).slots(20)
}

/// One step with a gradient of `value` for each of these ids.
fn step(ctx: &Context, tables: &mut ChunkedTables, ids: &[u64], value: f32) {
    let batch = tables.admit_from_lengths(ids, &vec![1; ids.len()]).unwrap();
    let grad = Matrix::from_slice(ctx, &vec![value; ids.len() * 8], ids.len(), 8).unwrap();
    tables.backward(&batch, &grad).unwrap();
}

fn there(tables: &ChunkedTables, ids: std::ops::Range<u64>) -> Vec<u64> {
    ids.filter(|&id| tables.row("t", id).unwrap().is_some()).collect()
}

#[test]
fn the_right_row_leaves() {
    for ctx in common::devices() {
        for (eviction, leaves) in [
            (Eviction::Utility, 2),
            (Eviction::Lfu, 3),
            (Eviction::Lru, 1),
            (Eviction::DistanceLfu { power: 0.0 }, 3),
            // 2 / 5, 3 / 3, 1 / 2, 2 / 1
            (Eviction::DistanceLfu { power: 1.0 }, 1),
            (Eviction::Age, 4),
        ] {
            let mut tables = builder(&ctx).when_full(WhenFull::Evict(eviction)).build().unwrap();
            step(&ctx, &mut tables, &[4], 9.0);
            step(&ctx, &mut tables, &[1, 1, 2], 5.0);
            step(&ctx, &mut tables, &[], 0.0);
            step(&ctx, &mut tables, &[2, 2], 0.1);
            step(&ctx, &mut tables, &[3], 90.0);
            step(&ctx, &mut tables, &[4], 9.0);
            let old = tables.find_from_lengths(&[2], &[1]).unwrap();
            tables.admit_from_lengths(&[5], &[1]).unwrap();
            let left: Vec<u64> = (1..6).filter(|&id| id != leaves).collect();
            assert_eq!(there(&tables, 1..6), left, "{eviction:?} on {}", common::name_of(&ctx));
            assert_eq!(tables.stats("t").unwrap().evicted, 1);
            assert!(tables.forward(&old).is_err(), "the batch is stale");
        }
    }
}

#[test]
fn what_is_worth_nothing_yields_to_what_is_worth_more() {
    for ctx in common::devices() {
        let make = |slots| builder(&ctx).slots(slots).build().unwrap();
        let mut tables = make(4);
        // two rows that are never trained have all slots, and a threshold of 0 keeps them
        tables.admit_from_lengths(&[1, 2], &[1, 1]).unwrap();
        step(&ctx, &mut tables, &[3], 1.0);
        let resident =
            |tables: &ChunkedTables, id| tables.row("t", id).unwrap().unwrap().slots.iter().flatten().count();
        assert_eq!([1, 2, 3].map(|id| resident(&tables, id)), [2, 2, 0]);
        let done = tables.adjust(0.0, 1.0).unwrap();
        assert_eq!((done.evicted, done.admitted, done.thresholds[0]), (2, 2, 0.0));
        let first = if IdDirectory::virtual_id(1) < IdDirectory::virtual_id(2) { 1 } else { 2 };
        assert_eq!([first, 3 - first, 3].map(|id| resident(&tables, id)), [2, 0, 2], "the last one yields");
        // no chunk yields where slots are free
        let mut tables = make(6);
        tables.admit_from_lengths(&[1, 2], &[1, 1]).unwrap();
        step(&ctx, &mut tables, &[3], 1.0);
        assert_eq!(tables.adjust(0.0, 1.0).unwrap().evicted, 0);
    }
}

#[test]
fn directories_grow_or_are_full() {
    for ctx in common::devices() {
        let mut tables = builder(&ctx).when_full(WhenFull::Grow).build().unwrap();
        let ids: Vec<u64> = (0..30).collect();
        step(&ctx, &mut tables, &ids[..3], 1.0);
        let before = tables.row("t", 2).unwrap();
        let bytes = tables.bytes().chunks + tables.directory("t").unwrap().bytes();
        step(&ctx, &mut tables, &ids[3..], 1.0);
        assert_eq!(tables.row("t", 2).unwrap(), before);
        assert_eq!(there(&tables, 0..31), ids);
        // all but the three counts were there twice for a while
        let growth = Growth { rows: (4, 30), transient_bytes: bytes - 12 };
        assert_eq!(tables.stats("t").unwrap().growths, [growth]);

        let mut tables = builder(&ctx).when_full(WhenFull::Error).build().unwrap();
        tables.admit_from_lengths(&ids[..2], &[1, 1]).unwrap();
        let error = tables.admit_from_lengths(&ids[..9], &[1; 9]).unwrap_err().to_string();
        assert!(error.starts_with("directory of table \"t\": expected at most 4 rows, got 9"), "{error}");
        assert_eq!(there(&tables, 0..9), [0, 1]);

        let mut tables = builder(&ctx).when_full(WhenFull::Refuse).build().unwrap();
        let batch = tables.admit_from_lengths(&ids[..9], &[1; 9]).unwrap();
        assert_eq!(batch.absent().unwrap(), 5);
        let usage = tables.directory("t").unwrap().usage().unwrap();
        assert_eq!((usage.rows, usage.refused), (4, 5));
    }
}

#[test]
fn ids_are_admitted_by_count() {
    for ctx in common::devices() {
        let mut tables = builder(&ctx).admit_after(3).build().unwrap();
        tables.admit_from_lengths(&[1, 1, 2], &[3]).unwrap();
        assert!(there(&tables, 0..4).is_empty());
        // an id that others share both counters with would come sooner; these do not
        tables.admit_from_lengths(&[1], &[1]).unwrap();
        assert_eq!(there(&tables, 0..4), [1]);
        tables.admit_from_lengths(&[2, 2], &[2]).unwrap();
        assert_eq!(there(&tables, 0..4), [1, 2]);
        let mut checkpoint = Checkpoint::new();
        tables.admit_from_lengths(&[3, 3], &[2]).unwrap();
        tables.export(&mut checkpoint, "c").unwrap();
        let mut loaded = builder(&ctx).admit_after(3).build().unwrap();
        loaded.import(&checkpoint, "c").unwrap();
        loaded.admit_from_lengths(&[3], &[1]).unwrap();
        assert_eq!(there(&loaded, 0..4), [1, 2, 3]);
        // here it was seen twice, which is halved
        tables.age_counts().unwrap();
        tables.admit_from_lengths(&[3], &[1]).unwrap();
        assert_eq!(there(&tables, 0..4), [1, 2]);
        tables.admit_from_lengths(&[3], &[1]).unwrap();
        assert_eq!(there(&tables, 0..4), [1, 2, 3]);

        // many ids that are seen once: about half of one for each counter, so that some 0.2 % find both taken
        // twice
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 1000, 8)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(4)
            .slots(20)
            .admit_after(3)
            .when_full(WhenFull::Grow)
            .build()
            .unwrap();
        let raw = |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for ids in (0..1000).map(raw).collect::<Vec<_>>().chunks(50) {
            tables.admit_from_lengths(ids, &[50]).unwrap();
        }
        let early = tables.directory("t").unwrap().usage().unwrap().rows;
        assert!(early < 10, "{early}");
        // and all of them when they were seen three times
        for _ in 0..2 {
            tables.admit_from_lengths(&(0..1000).map(raw).collect::<Vec<_>>(), &[1000]).unwrap();
        }
        tables.admit_from_lengths(&[5000], &[1]).unwrap();
        let usage = tables.directory("t").unwrap().usage().unwrap();
        assert!(usage.rows == 1000, "{usage:?}");
    }
}

#[test]
fn ids_from_the_device() {
    for ctx in common::devices() {
        let mut tables = builder(&ctx).build().unwrap();
        let given = |counts: Vec<usize>| {
            DeviceIds::from_lengths(
                2,
                Buffer::from_slice(&ctx, &[7u64, u64::MAX, 7]).unwrap(),
                Buffer::from_slice(&ctx, &[2u32, 1]).unwrap(),
                counts,
            )
        };
        let batch = tables.admit_from_device(given(vec![3])).unwrap();
        let same = tables.find_from_lengths(&[7, u64::MAX, 7], &[2, 1]).unwrap();
        let out = tables.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert!(out.iter().any(|&value| value != 0.0));
        assert_eq!(out, tables.forward(&same).unwrap().to_vec(&ctx).unwrap());
        let mut rec = Recorder::new(&ctx);
        let error = tables.record_find_from_device(&mut rec, given(vec![2])).unwrap_err().to_string();
        let expected = "counts: expected 1 numbers whose sum is that of 24 bytes of ids, 8 each, \
                        got 1 numbers whose sum is 2";
        assert_eq!(error, expected);
    }
}

#[test]
fn budgets_hold_while_training() {
    common::devices().into_iter().for_each(|ctx| budget_holds(&ctx));
    let ctx = Context::cpu();
    let error = described(&ctx).build().unwrap_err().to_string();
    assert_eq!(error, "slots: expected 1 to 4294967294, or a budget, got 0");
}

#[test]
fn slots_grow_with_the_directory_up_to_the_budget() {
    for (ctx, admit_after) in common::devices().into_iter().zip([1, 2]) {
        let budget = 30_000;
        let make = || {
            ChunkedTables::builder(&ctx)
                .table("t", 8, 16)
                .table("small", 4, 8)
                .feature("f", "t", Pooling::Sum)
                .feature("g", "small", Pooling::Sum)
                .chunk_width(4)
                .when_full(WhenFull::Grow)
                .admit_after(admit_after)
                .budget(budget)
                .optimizer(Sgd::default())
                .build()
                .unwrap()
        };
        let mut tables = make();
        // slots for all chunks of the rows that there is room for
        assert_eq!(tables.slots(), 8 * 4 + 4 * 2);
        let (mut sizes, mut first_row) = (vec![tables.slots()], None);
        for first in (0..400u64).step_by(4) {
            let ids: Vec<u64> = (first..first + 4).collect();
            for _ in 0..admit_after {
                let batch =
                    tables.admit(tables.batch().feature("f", &ids).feature("g", &[first % 3; 4])).unwrap();
                let out = tables.forward(&batch).unwrap();
                tables.backward(&batch, &out).unwrap();
            }
            assert!(tables.bytes().instead_of_dense() <= budget, "{first}: {:?}", tables.bytes());
            let first_now = tables.row("t", 0).unwrap().map(|row| row.values);
            if tables.stats("t").unwrap().evicted == 0 {
                // it was touched once and keeps what it has while the store moves
                assert_eq!(first_row.get_or_insert(first_now.clone()), &first_now);
                assert!(first_now.unwrap().iter().any(|&value| value != 0.0));
                let rows = tables.directory("t").unwrap().usage().unwrap().rows;
                assert_eq!(rows as u64, first + 4);
            }
            sizes.push(tables.slots());
        }
        assert!(sizes.is_sorted() && *sizes.last().unwrap() > 4 * sizes[0], "{sizes:?}");
        let stats = tables.stats("t").unwrap();
        assert!(stats.growths.len() > 2 && stats.evicted > 0, "{stats:?}");
        // what is left fits no more than a few slots
        let used = tables.bytes().instead_of_dense();
        assert!(used * 10 > budget * 7, "{used}");
        // others of the same description take it up, and grow for it
        let mut checkpoint = Checkpoint::new();
        tables.export(&mut checkpoint, "c").unwrap();
        let mut other = make();
        other.import(&checkpoint, "c").unwrap();
        assert_eq!(other.slots(), tables.slots());
        assert_eq!(other.row("t", 399).unwrap(), tables.row("t", 399).unwrap());
        assert!(other.bytes().instead_of_dense() <= budget);
        // a smaller ceiling, and a larger one, under which it grows on
        other.set_budget(24_000).unwrap();
        assert!(other.bytes().instead_of_dense() <= 24_000);
        other.set_budget(60_000).unwrap();
        let before = other.directory("t").unwrap().capacity();
        for first in (1000..1200u64).step_by(4) {
            let ids: Vec<u64> = (first..first + 4).collect();
            for _ in 0..admit_after {
                other.admit(other.batch().only(&["f"]).feature("f", &ids)).unwrap();
            }
        }
        assert!(other.directory("t").unwrap().capacity() > before);
        assert!(other.bytes().instead_of_dense() <= 60_000);
    }
}

fn budget_holds(ctx: &Context) {
    let mut tables = ChunkedTables::builder(ctx)
        .table("t", 500, 16)
        .feature("f", "t", Pooling::Sum)
        .chunk_width(4)
        .budget(40_000)
        .optimizer(Sgd::default())
        .build()
        .unwrap();
    let ids: Vec<u64> = (0..800).collect();
    for (budget, first) in [(40_000, 0), (28_000, 100), (60_000, 200)] {
        let holds = |tables: &ChunkedTables| {
            let used = tables.bytes().instead_of_dense();
            assert!(used <= budget && budget - used < 20 + 2000, "{used} of {budget}");
        };
        tables.set_budget(budget).unwrap();
        holds(&tables);
        // from the second time on rows must leave
        let batch = tables.admit_from_lengths(&ids[first..first + 400], &[1; 400]).unwrap();
        holds(&tables);
        tables.backward(&batch, &tables.forward(&batch).unwrap()).unwrap();
        holds(&tables);
        tables.adjust(0.0, 1.0).unwrap();
        holds(&tables);
    }
    let error = tables.set_budget(10_000).unwrap_err().to_string();
    assert!(error.starts_with("budget: expected more than the "), "{error}");
}

#[test]
fn exports_and_pruned_tables() {
    for ctx in common::devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 9, 8)
            .table("u", 9, 4)
            .feature("a", "t", Pooling::Sum)
            .feature("b", "u", Pooling::Mean)
            .chunk_width(4)
            .slots(30)
            .optimizer(Sgd { lr: 0.5, ..Default::default() })
            .build()
            .unwrap();
        let ids: Vec<u64> = (0..8).collect();
        let batch = tables.admit_from_lengths(&ids, &[2, 2, 2, 2]).unwrap();
        let grad: Vec<f32> = (0..24).map(|i| i as f32).collect();
        tables.backward(&batch, &Matrix::from_slice(&ctx, &grad, 2, 12).unwrap()).unwrap();
        tables.adjust(0.5, 1.0).unwrap();
        let dense = tables.dense("t").unwrap();
        assert_eq!((dense.virtual_ids.len(), dense.values.len(), dense.resident.len()), (4, 32, 8));
        for (id, values) in dense.virtual_ids.iter().zip(dense.values.chunks(8)) {
            let raw = (0..8).find(|&raw| IdDirectory::virtual_id(raw) == *id).unwrap();
            assert_eq!(tables.row("t", raw).unwrap().unwrap().values, values);
        }
        // an adjustment belongs to the step before it
        let now = tables.steps();
        assert_eq!(tables.exported_since("t", now).unwrap(), dense);
        let now = now + 1;
        assert!(tables.exported_since("t", now).unwrap().virtual_ids.is_empty());
        let touched = tables.find_from_lengths(&[2, 5], &[1, 1]).unwrap();
        tables.backward(&touched, &Matrix::from_slice(&ctx, &[1.0; 12], 1, 12).unwrap()).unwrap();
        assert_eq!(tables.exported_since("t", now).unwrap().virtual_ids, [IdDirectory::virtual_id(2)]);
        assert_eq!(tables.exported_since("u", now).unwrap().virtual_ids, [IdDirectory::virtual_id(5)]);
        // a checkpoint does not say when rows left
        let mut checkpoint = Checkpoint::new();
        tables.export(&mut checkpoint, "c").unwrap();
        assert_eq!(tables.exported_since("t", now).unwrap().in_use, None);
        tables.import(&checkpoint, "c").unwrap();
        let since_before = tables.exported_since("t", now).unwrap();
        assert_eq!(since_before.virtual_ids, [IdDirectory::virtual_id(2)]);
        assert_eq!(since_before.in_use, Some(tables.dense("t").unwrap().virtual_ids));
        assert_eq!(tables.exported_since("t", tables.steps() + 1).unwrap().in_use, None);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pruned.safetensors");
        let pruned = tables.pruned().unwrap();
        pruned.save(&path).unwrap();
        let loaded = PrunedTables::from_file(&ctx, &path).unwrap();
        assert_eq!(pruned.bytes(), loaded.bytes());
        let wanted: Vec<u64> = (0..12).collect();
        let full = tables.find_from_lengths(&wanted, &[3, 3, 3, 3]).unwrap();
        let expected = tables.forward(&full).unwrap().to_vec(&ctx).unwrap();
        for pruned in [&pruned, &loaded] {
            let found = pruned.find_from_lengths(&wanted, &[3, 3, 3, 3]).unwrap();
            assert_eq!(pruned.forward(&found).unwrap().to_vec(&ctx).unwrap(), expected);
            assert!(tables.forward(&found).is_err(), "a batch of other tables");
        }
        assert!(PrunedTables::from_file(&ctx, folder.path().join("none")).is_err());
    }
}
