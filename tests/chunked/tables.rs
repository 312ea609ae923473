//! Chunked tables: invariants after any steps, against host data and from device to device.

use std::collections::{BTreeMap, BTreeSet};

use approx::{abs_diff_eq, assert_abs_diff_eq};
use embag::chunked::{Adjustment, ChunkedRow, ChunkedTables, Frequency, Utility, WhenFull};
use embag::optim::{Adagrad, Optimizer, RowwiseAdagrad, Sgd};
use embag::{Context, ContextOptions, Matrix, Pooling};

use crate::common;
use crate::random::Random;

const DIMS: [usize; 2] = [16, 8];
const WIDTH: usize = 4;

fn contexts() -> Vec<Context> {
    let small = ContextOptions::new().max_binding(8192);
    let mut all = vec![Context::cpu(), Context::cpu_with(&small).unwrap()];
    all.extend(common::gpu_shapes_with(&ContextOptions::new()));
    // which chunks leave is decided by rounded utilities
    common::exact(all)
}

fn tables(ctx: &Context, slots: u32, optimizer: impl Into<Optimizer>, utility: Utility) -> ChunkedTables {
    ChunkedTables::builder(ctx)
        .table("user", 60, DIMS[0])
        .table("item", 90, DIMS[1])
        .feature("user", "user", Pooling::Sum)
        .feature("seen", "item", Pooling::Mean)
        .feature("item", "item", Pooling::Sum)
        .chunk_width(u32::try_from(WIDTH).unwrap())
        .slots(slots)
        .scale(0.5)
        .optimizer(optimizer)
        .utility(utility)
        .seed(7)
        .build()
        .unwrap()
}

/// Raw ids and lengths of a batch.
fn batch(random: &mut Random, examples: usize, distinct: u32) -> (Vec<u64>, Vec<u32>) {
    let (mut ids, mut lengths) = (Vec::new(), Vec::new());
    for feature in 0..3 {
        for _ in 0..examples {
            let length = if feature == 1 { random.below(4) } else { 1 };
            lengths.push(length);
            for _ in 0..length {
                let k = random.below(distinct);
                let k = if random.below(2) == 0 { k / 9 } else { k };
                ids.push(u64::from(k).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            }
        }
    }
    (ids, lengths)
}

/// All that is known about some ids, and what slots are free.
type Picture = (Vec<BTreeMap<u64, ChunkedRow>>, u32);

fn picture(tables: &ChunkedTables, seen: &[BTreeSet<u64>; 2]) -> Picture {
    let of = |name: &str, ids: &BTreeSet<u64>| {
        ids.iter().filter_map(|&id| Some((id, tables.row(name, id).unwrap()?))).collect()
    };
    (vec![of("user", &seen[0]), of("item", &seen[1])], tables.free_slots().unwrap())
}

/// Slots are unique, and with the free ones they are all there are; absent chunks are zeros.
fn check_slots((rows, free): &Picture, slots: u32) {
    let mut used = BTreeSet::new();
    for row in rows.iter().flat_map(BTreeMap::values) {
        for (slot, values) in row.slots.iter().zip(row.values.chunks(WIDTH)) {
            match slot {
                Some(slot) => assert!(used.insert(*slot) && *slot < slots, "slot {slot} twice"),
                None => assert!(values.iter().all(|&value| value == 0.0)),
            }
        }
    }
    assert_eq!(used.len() + *free as usize, slots as usize);
}

/// The output from the rows.
fn check_output((rows, _): &Picture, ids: &[u64], lengths: &[u32], out: &[f32]) {
    let examples = lengths.len() / 3;
    let mut ids = ids.iter();
    for (feature, (first, table)) in [(0, 0), (16, 1), (24, 1)].into_iter().enumerate() {
        let dim = DIMS[table];
        for example in 0..examples {
            let length = lengths[feature * examples + example];
            let mut sum = vec![0.0f64; dim];
            for id in ids.by_ref().take(length as usize) {
                let Some(row) = rows[table].get(id) else { continue };
                for (sum, &value) in sum.iter_mut().zip(&row.values) {
                    *sum += f64::from(value);
                }
            }
            let divisor = if feature == 1 { f64::from(length.max(1)) } else { 1.0 };
            for (c, sum) in sum.iter().enumerate() {
                let got = f64::from(out[example * 32 + first + c]);
                assert!(
                    abs_diff_eq!(got, sum / divisor, epsilon = 1e-5),
                    "feature {feature}, example {example}: {got} {sum}"
                );
            }
        }
    }
}

fn note(seen: &mut [BTreeSet<u64>; 2], ids: &[u64], lengths: &[u32]) {
    let users: u32 = lengths[..lengths.len() / 3].iter().sum();
    let (users, items) = ids.split_at(users as usize);
    seen[0].extend(users);
    seen[1].extend(items);
}

/// A run of steps with adjustments; the picture after each.
fn run(
    ctx: &Context,
    optimizer: Optimizer,
    utility: Utility,
    slots: u32,
) -> Vec<(Picture, Option<Adjustment>)> {
    let mut tables = tables(ctx, slots, optimizer, utility);
    let mut random = Random::new(5);
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    let mut pictures = Vec::new();
    for step in 0..12 {
        let (ids, lengths) = batch(&mut random, 20, 20 + step * 12);
        note(&mut seen, &ids, &lengths);
        let looked_up = if step == 9 {
            tables.find_from_lengths(&ids, &lengths)
        } else {
            tables.admit_from_lengths(&ids, &lengths)
        };
        let looked_up = looked_up.unwrap();
        let before = picture(&tables, &seen);
        check_slots(&before, slots);
        let out = tables.forward(&looked_up).unwrap().to_vec(ctx).unwrap();
        check_output(&before, &ids, &lengths, &out);
        let grad = Matrix::from_slice(ctx, &random.floats(20 * 32), 20, 32).unwrap();
        tables.backward(&looked_up, &grad).unwrap();
        let adjusted = (step % 4 == 3).then(|| tables.adjust(0.5, 1.0).unwrap());
        let after = picture(&tables, &seen);
        check_slots(&after, slots);
        if let Some(adjusted) = &adjusted {
            check_adjustment(&after, adjusted, utility, tables.steps());
            assert!(tables.forward(&looked_up).is_err(), "the batch is stale");
        }
        pictures.push((after, adjusted));
    }
    pictures
}

/// What is resident is worth no less than the threshold, which is the utility of the right rank.
fn check_adjustment((rows, free): &Picture, adjusted: &Adjustment, utility: Utility, step: u32) {
    let mut all = Vec::new();
    for row in rows.iter().flat_map(BTreeMap::values) {
        for (slot, &worth) in row.slots.iter().zip(&row.utility) {
            let now = f64::from(worth) * f64::from(utility.decay).powi((step - row.stamp) as i32);
            assert!(slot.is_none() || now >= f64::from(adjusted.thresholds[0]) * (1.0 - 1e-5));
            all.push(now);
        }
    }
    all.sort_by(f64::total_cmp);
    assert_eq!(all.len(), adjusted.chunks as usize);
    let kept = (adjusted.chunks - adjusted.chunks / 2).min(adjusted.resident + free);
    let expected = all[all.len() - kept as usize];
    assert!(
        abs_diff_eq!(expected, f64::from(adjusted.thresholds[0]), epsilon = 1e-5 * expected),
        "{adjusted:?} {expected}"
    );
}

#[test]
fn the_same_on_every_device() {
    for (optimizer, frequency, decay, slots) in [
        (Sgd { lr: 0.1, ..Default::default() }.into(), Frequency::Root, 1.0, 1000),
        (RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(), Frequency::Whole, 0.9, 150),
        (Adagrad { lr: 0.1, ..Default::default() }.into(), Frequency::Ignored, 0.99, 40),
    ] {
        let utility = Utility { frequency, decay };
        let mut first = None;
        for ctx in contexts() {
            let pictures = run(&ctx, optimizer, utility, slots);
            let moved = pictures.iter().filter_map(|(_, adjusted)| adjusted.as_ref()).any(|a| a.evicted > 0);
            assert!(moved, "nothing was ever evicted");
            let first = first.get_or_insert_with(|| pictures.clone());

            assert!(*first == pictures, "{optimizer:?} on {}", common::name_of(&ctx));
        }
    }
}

#[test]
fn utilities_are_those_of_the_formula() {
    for ctx in contexts() {
        for (frequency, power) in [(Frequency::Ignored, 0.0), (Frequency::Root, 0.5), (Frequency::Whole, 1.0)]
        {
            let utility = Utility { frequency, decay: 0.5 };
            // no slots but one: what is absent earns utility too
            let mut tables = ChunkedTables::builder(&ctx)
                .table("t", 10, 8)
                .feature("f", "t", Pooling::Sum)
                .chunk_width(4)
                .slots(1)
                .optimizer(Sgd::default())
                .utility(utility)
                .build()
                .unwrap();
            let grads = [1.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0];
            let grad = Matrix::from_slice(&ctx, &grads, 2, 8).unwrap();
            // 100 in both bags, twice in the first
            let batch = tables.admit_from_lengths(&[100, 100, 7, 100], &[3, 1]).unwrap();
            tables.backward(&batch, &grad).unwrap();
            let batch = tables.admit_from_lengths(&[100], &[0, 1]).unwrap();
            tables.backward(&batch, &grad).unwrap();
            let row = tables.row("t", 100).unwrap().unwrap();
            // norms of 2 g1 + g2, of g2 later
            let first = [4.0f64, (36.0f64 + 64.0 + 25.0).sqrt()];
            for ((got, first), second) in row.utility.iter().zip(first).zip([2.0, 5.0]) {
                let expected = 0.5 * 3.0f64.powf(power) * first + second;
                assert!(
                    abs_diff_eq!(f64::from(*got), expected, epsilon = 1e-5),
                    "{frequency:?}: {got} {expected}"
                );
            }
            assert_eq!(row.stamp, 2);
            let other = tables.row("t", 7).unwrap().unwrap();
            assert_abs_diff_eq!(f64::from(other.utility[1]), 5.0, epsilon = 1e-6);
            assert_eq!(other.stamp, 1);
            assert!(row.slots.iter().chain(&other.slots).flatten().count() <= 1);
        }
    }
}

#[test]
fn a_slot_that_is_used_again_inherits_nothing() {
    for ctx in contexts() {
        let build = |slots| {
            ChunkedTables::builder(&ctx)
                .table("t", 10, 8)
                .feature("f", "t", Pooling::Sum)
                .chunk_width(8)
                .slots(slots)
                .optimizer(Adagrad { lr: 1.0, ..Default::default() })
                .seed(3)
                .build()
                .unwrap()
        };
        let mut tables = build(1);
        let step = |tables: &mut ChunkedTables, id: u64, value: f32| {
            let batch = tables.admit_from_lengths(&[id], &[1]).unwrap();
            let grad = Matrix::from_slice(&ctx, &[value; 8], 1, 8).unwrap();
            tables.backward(&batch, &grad).unwrap();
        };
        step(&mut tables, 1, 1.0);
        let first = tables.row("t", 1).unwrap().unwrap();
        assert_eq!(first.slots, [Some(0)]);
        // another one becomes worth more, and gets the slot
        step(&mut tables, 2, 10.0);
        assert_eq!(tables.row("t", 2).unwrap().unwrap().slots, [None]);
        let adjusted = tables.adjust(0.0, 1.0).unwrap();
        assert_eq!((adjusted.evicted, adjusted.admitted, adjusted.resident), (1, 1, 1));
        assert_eq!(tables.row("t", 1).unwrap().unwrap().values, [0.0; 8]);
        // as a row of fresh tables, and so it goes on
        let mut fresh = build(2);
        step(&mut fresh, 2, 0.0);
        let begin = tables.row("t", 2).unwrap().unwrap();
        assert_eq!(begin.slots, [Some(0)]);
        assert_eq!(begin.values, fresh.row("t", 2).unwrap().unwrap().values);
        assert!(begin.values.iter().any(|&value| value != 0.0));
        for tables in [&mut tables, &mut fresh] {
            step(tables, 2, 3.0);
        }
        assert_eq!(tables.row("t", 2).unwrap().unwrap().values, fresh.row("t", 2).unwrap().unwrap().values);
    }
}

#[test]
fn bytes_and_budgets() {
    let ctx = Context::cpu();
    let (rows, dim) = (9000u32, 128);
    let builder = || {
        ChunkedTables::builder(&ctx)
            .table("t", rows as usize, dim)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(16)
            .optimizer(RowwiseAdagrad::default())
    };
    // a quarter of all chunks, with a directory that is nine tenths full
    let dense = u64::from(rows) * dim as u64 * 4;
    let tables = builder().slots(rows * 8 / 4).build().unwrap();
    let bytes = tables.bytes();
    assert_eq!(bytes.store, dense / 4);
    assert_eq!(bytes.chunks, u64::from(rows) * (8 * 8 + 4));
    assert_eq!(bytes.state, u64::from(rows) * 2 * 4);
    let share = bytes.instead_of_dense() as f64 / dense as f64;
    assert!(share <= 0.44, "{share}");
    // the formula of docs/chunked.md
    for (dim, width, pruned) in [(16u32, 4u32, 0.75), (64, 16, 0.9), (128, 32, 0.5), (32, 8, 0.99)] {
        let chunks = dim / width;
        let kept = f64::from(rows * chunks) * (1.0 - pruned);
        let slots = (0..=rows * chunks).rfind(|&slots| f64::from(slots) <= kept).unwrap();
        let tables = ChunkedTables::builder(&ctx)
            .table("t", rows as usize, dim as usize)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(width)
            .slots(slots)
            .build()
            .unwrap();
        let [dim, chunks] = [dim, chunks].map(f64::from);
        let row = (1.0 - pruned) * 4.0 * (dim + chunks) + 8.0 * chunks + 4.0 + 8.0 / 0.9 + 4.0;
        let expected = row * f64::from(rows);
        let live = tables.bytes().instead_of_dense() as f64;
        assert!(abs_diff_eq!(live / expected, 1.0, epsilon = 0.01), "D={dim}: {live} {expected}");
    }

    let budget = 2_000_000;
    let tables = builder().when_full(WhenFull::Error).budget(budget).build().unwrap();
    let used = tables.bytes().instead_of_dense();
    assert!(used <= budget && used + 68 > budget, "{used}");
    let error = builder().budget(500_000).build().unwrap_err().to_string();
    assert!(error.starts_with("budget: expected more than the ") && error.ends_with("got 500000"), "{error}");
}

#[test]
fn rows_are_written_in_the_chunks_that_they_have() {
    for ctx in common::devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 10, 8)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(4)
            .slots(3)
            .utility(Utility { decay: 0.5, ..Utility::default() })
            .optimizer(Sgd::default())
            .build()
            .unwrap();
        let batch = tables.admit(tables.batch().feature("f", &[7u64, 9])).unwrap();
        tables.backward(&batch, &Matrix::from_slice(&ctx, &[1.0; 16], 2, 8).unwrap()).unwrap();
        let before = tables.row("t", 9).unwrap().unwrap();
        assert_eq!(before.slots.iter().filter(|slot| slot.is_some()).count(), 1);
        let other = tables.find(tables.batch().feature("f", &[7u64])).unwrap();
        tables.backward(&other, &Matrix::from_slice(&ctx, &[1.0; 8], 1, 8).unwrap()).unwrap();
        let values: Vec<f32> = (1..=8u8).map(f32::from).collect();
        tables.write_row("t", 9, &values).unwrap();
        let after = tables.row("t", 9).unwrap().unwrap();
        let (there, absent) = if after.slots[0].is_some() { (0..4, 4..8) } else { (4..8, 0..4) };
        assert_eq!((&after.values[there.clone()], &after.values[absent]), (&values[there], &[0.0; 4][..]));
        // what is left of its utilities is as of this step
        assert_eq!(after.stamp, 2);
        for (after, before) in after.utility.iter().zip(&before.utility) {
            assert_eq!(*after, before * 0.5);
        }
        assert!(tables.exported_since("t", 2).unwrap().virtual_ids.len() == 2);
        let out = tables.find(tables.batch().feature("f", &[9u64])).unwrap();
        assert_eq!(tables.forward(&out).unwrap().to_vec(&ctx).unwrap(), after.values);
        let error = tables.write_row("t", 8, &values).unwrap_err().to_string();
        assert_eq!(error, "id 8 of table \"t\": expected one that has a row, got one without");
        let error = tables.write_row("t", 9, &[0.0; 7]).unwrap_err().to_string();
        assert_eq!(error, "row of table \"t\": expected 8 values, got 7");
    }
}

#[test]
fn mistakes() {
    let ctx = Context::cpu();
    let says = |error: embag::Error, text: &str| assert_eq!(error.to_string(), text);
    let builder = || ChunkedTables::builder(&ctx).table("t", 10, 8).feature("f", "t", Pooling::Sum).slots(5);
    says(builder().chunk_width(5).build().unwrap_err(), "chunk_width: expected 4, 8, 16 or 32, got 5");
    says(builder().build().unwrap_err(), "table \"t\" dim: expected a multiple of 16, got 8");
    let builder = || builder().chunk_width(4);
    says(builder().slots(0).build().unwrap_err(), "slots: expected 1 to 4294967294, or a budget, got 0");
    says(
        builder().feature("g", "u", Pooling::Sum).build().unwrap_err(),
        "table: expected one of [\"t\"], got \"u\"",
    );
    says(
        builder().feature("f", "t", Pooling::Max).build().unwrap_err(),
        "feature \"f\": expected a name of its own, got the name twice",
    );
    let decay = Utility { decay: 0.0, ..Default::default() };
    says(
        builder().utility(decay).build().unwrap_err(),
        "utility decay: expected above 0, and at most 1, got 0",
    );
    let mut tables = builder().build().unwrap();
    says(
        tables.admit_from_lengths(&[1, 2], &[1]).unwrap_err(),
        "lengths: expected a sum of 2, the number of ids, got 1",
    );
    says(tables.adjust(1.0, 1.0).unwrap_err(), "pruned: expected at least 0 and below 1, got 1");
    says(tables.adjust(0.5, 0.5).unwrap_err(), "margin: expected at least 1, got 0.5");
    let batch = tables.admit_from_lengths(&[1, 2], &[1, 1]).unwrap();
    let grad = Matrix::zeros(&ctx, 2, 8).unwrap();
    says(tables.backward(&batch, &grad).unwrap_err(), "optimizer: expected one, for a backward, got none");
    assert_eq!(tables.steps(), 0);
    let narrow = Matrix::zeros(&ctx, 2, 4).unwrap();
    says(tables.backward(&batch, &narrow).unwrap_err(), "grad: expected 2 x 8, got 2 x 4");
    assert!(tables.row("t", 3).unwrap().is_none() && tables.row("u", 3).is_err());
}
