//! Steps count when their work is submitted: what is dropped or refused moves neither rows nor state nor
//! counters.

use approx::abs_diff_eq;
use embag::IdDirectory;
use embag::chunked::{ChunkedTables, Eviction, WhenFull};
use embag::dense::{Activation, Linear, Mlp};
use embag::optim::{Adam, BiasCorrection, FrequencySgd, Rounding, Schedule, Sgd, UpdateRules};
use embag::variable::{RowValues, VariableRows};
use embag::{
    Buffer, CachedBags, Checkpoint, Context, DeviceBatch, EmbeddingBags, Error, Matrix, Pooling, Recorder,
    Table,
};

use crate::common;

fn adam() -> Adam {
    Adam { lr: 0.1, ..Default::default() }
}

fn bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(4).dim(2).init(embag::Init::Zero))
        .feature("f", "t", Pooling::Sum)
        .optimizer(adam())
        .build()
        .unwrap()
}

/// Adam's first step is as long as the rate, whatever the gradient.
#[track_caller]
fn assert_first_step(what: &str, row: &[f32]) {
    for value in row {
        assert!(abs_diff_eq!(value.abs(), 0.1, epsilon = 1e-5), "{what}: {row:?}");
    }
}

#[test]
fn recorders_that_are_dropped_are_no_steps_of_bags() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        for _ in 0..9 {
            bags.record_backward(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
        }
        assert_eq!(bags.steps(), 0);
        bags.backward(&batch, &grad).unwrap();
        assert_eq!(bags.steps(), 1);
        assert_first_step("bags", &bags.read_row("t", 1).unwrap());
    }
}

#[test]
fn recorders_that_are_refused_are_no_steps() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        // refused at submission, because of something else in the recorder
        let elsewhere = Buffer::from_slice(&Context::cpu(), &[0u32; 4]).unwrap();
        let mut rec = Recorder::new(&ctx);
        bags.record_backward(&mut rec, &batch, &grad).unwrap();
        rec.clear(&elsewhere);
        assert!(matches!(rec.submit(), Err(Error::WrongContext { .. })));
        // refused while it is recorded
        let wrong = Matrix::from_slice(&ctx, &[1.0; 4], 2, 2).unwrap();
        let mut rec = Recorder::new(&ctx);
        assert!(bags.record_backward(&mut rec, &batch, &wrong).is_err());
        rec.run().unwrap();
        assert_eq!(bags.steps(), 0);
        bags.backward(&batch, &grad).unwrap();
        assert_first_step("bags", &bags.read_row("t", 1).unwrap());
    }
}

/// Two recorders, submitted in the other order than they were recorded in, are what one by one does.
#[test]
fn steps_are_numbered_in_the_order_of_submission() {
    for ctx in common::devices() {
        let [mut one_by_one, mut recorded] = [0, 1].map(|_| {
            EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(4).dim(2))
                .feature("f", "t", Pooling::Sum)
                .optimizer(adam())
                .schedule(Schedule::step(1, 0.5).warmup(2))
                .update_rules(UpdateRules { rounding: Rounding::Stochastic, ..Default::default() })
                .seed(5)
                .build()
                .unwrap()
        });
        let grads = [[1.0, 2.0], [-3.0, 0.5], [0.25, -8.0]]
            .map(|values| Matrix::from_slice(&ctx, &values, 1, 2).unwrap());
        let batch = one_by_one.batch().feature("f", &[1u32]).build().unwrap();
        for grad in [&grads[2], &grads[0], &grads[1]] {
            one_by_one.backward(&batch, grad).unwrap();
        }
        let batch = recorded.batch().feature("f", &[1u32]).build().unwrap();
        let [mut later, mut first] = [0, 1].map(|_| Recorder::new(&ctx));
        recorded.record_backward(&mut later, &batch, &grads[0]).unwrap();
        recorded.record_backward(&mut later, &batch, &grads[1]).unwrap();
        recorded.record_backward(&mut first, &batch, &grads[2]).unwrap();
        first.run().unwrap();
        later.run().unwrap();
        assert_eq!(recorded.steps(), 3);
        let [expected, got] = [&one_by_one, &recorded].map(|bags| bags.download("t").unwrap());
        common::assert_bits(&common::name_of(&ctx), &got, &expected);
        for state in ["exp_avg", "exp_avg_sq"] {
            let [expected, got] =
                [&one_by_one, &recorded].map(|bags| bags.download_state("t", state).unwrap());
            common::assert_bits(state, &got, &expected);
        }
    }
}

/// What is rounded at random takes its numbers from the step.
#[test]
fn dropped_recorders_do_not_change_stochastic_rounding() {
    for ctx in common::devices() {
        let [mut plain, mut dropping] = [0, 1].map(|_| {
            EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(64).dim(8).precision(embag::Precision::F16))
                .feature("f", "t", Pooling::Sum)
                .optimizer(Sgd { lr: 0.01, ..Default::default() })
                .update_rules(UpdateRules { rounding: Rounding::Stochastic, ..Default::default() })
                .seed(9)
                .build()
                .unwrap()
        });
        let ids: Vec<u32> = (0..64).collect();
        let grad = Matrix::from_slice(&ctx, &[0.37; 64 * 8], 64, 8).unwrap();
        for step in 0..3 {
            for (bags, drops) in [(&mut plain, 0), (&mut dropping, step)] {
                let batch = bags.batch().feature("f", &ids).build().unwrap();
                for _ in 0..drops {
                    bags.record_backward(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
                }
                bags.backward(&batch, &grad).unwrap();
            }
        }
        let [expected, got] = [&plain, &dropping].map(|bags| bags.download("t").unwrap());
        common::assert_bits(&common::name_of(&ctx), &got, &expected);
    }
}

#[test]
fn an_update_without_gradients_is_a_step_as_the_backward_of_an_empty_batch_is() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let empty = bags.batch().feature::<u32>("f", &[]).build().unwrap();
        bags.backward(&empty, &Matrix::zeros(&ctx, 0, 2).unwrap()).unwrap();
        bags.update(&[]).unwrap();
        bags.record_update(&mut Recorder::new(&ctx), &[]).unwrap();
        assert_eq!(bags.steps(), 2);
    }
    let mut without = EmbeddingBags::builder(&Context::cpu())
        .table("t", Table::rows(4).dim(2))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    let error = without.update(&[]).unwrap_err().to_string();
    assert_eq!(error, "optimizer: expected one, for an update, got none");
}

#[test]
fn recorded_updates_that_are_dropped_are_no_steps() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        let sparse = bags.sparse_grad(&batch, &grad).unwrap();
        for _ in 0..5 {
            bags.record_update(&mut Recorder::new(&ctx), &sparse).unwrap();
        }
        bags.update(&sparse).unwrap();
        assert_eq!(bags.steps(), 1);
        assert_first_step("update", &bags.read_row("t", 1).unwrap());
    }
}

/// The host counts what it submits, counters on the device what they see.
#[test]
fn a_bad_device_batch_counts_on_the_host_and_nowhere_on_the_device() {
    for ctx in common::devices() {
        let described =
            || {
                EmbeddingBags::builder(&ctx)
                    .table("t", Table::rows(4).dim(2).init(embag::Init::Zero))
                    .feature("f", "t", Pooling::Sum)
            };
        let by_rows = Adam { bias_correction: BiasCorrection::RowUpdates, ..adam() };
        let mut by_rows = described().optimizer(by_rows).build().unwrap();
        let mut frequency = described().optimizer(FrequencySgd::default()).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        for bags in [&mut by_rows, &mut frequency] {
            let mut rec = Recorder::new(&ctx);
            let batch = DeviceBatch::from_lengths(
                1,
                Buffer::from_slice(&ctx, &[9u32]).unwrap(),
                Buffer::from_slice(&ctx, &[1u32]).unwrap(),
            )
            .counts(vec![1]);
            let batch = bags.batch_from_device(&mut rec, batch).unwrap();
            bags.record_backward(&mut rec, &batch, &grad).unwrap();
            assert!(matches!(rec.run(), Err(Error::IdOutOfRange { id: 9, .. })));
            assert_eq!(bags.steps(), 1);
            assert_eq!(bags.download("t").unwrap(), [0.0; 8]);
        }
        assert_eq!(by_rows.download_counts("t", "row_counter").unwrap(), [0; 4]);
        assert_eq!(frequency.download_counts("t", "row_counter").unwrap(), [0; 4]);
        let batch = by_rows.batch().feature("f", &[1u32]).build().unwrap();
        by_rows.backward(&batch, &grad).unwrap();
        assert_first_step("by rows", &by_rows.read_row("t", 1).unwrap());
    }
}

#[test]
fn a_rate_that_is_no_number_is_refused_at_its_step() {
    for ctx in common::devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(4).dim(2).init(embag::Init::Zero))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd { lr: 1.0, ..Default::default() })
            .schedule(Schedule::step(1, 1e20))
            .build()
            .unwrap();
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &[1e-20, 2e-20], 1, 2).unwrap();
        bags.backward(&batch, &grad).unwrap();
        let before = bags.download("t").unwrap();
        let error = bags.backward(&batch, &grad).unwrap_err().to_string();
        let expected =
            "learning rate of step 2: expected a finite number, got 1 times the schedule's factor inf";
        assert_eq!(error, expected);
        assert_eq!((bags.steps(), bags.download("t").unwrap()), (1, before));
    }
}

#[test]
fn dense_steps_count_when_they_are_submitted() {
    let adam = Adam { lr: 0.1, ..Adam::default() };
    for ctx in common::devices() {
        let mut linear = Linear::new(&ctx, 2, 1, Activation::None, adam, 1).unwrap();
        let before = linear.parameters()[0].1.to_vec(&ctx).unwrap();
        let x = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        let [y, dy] = [0.0, 1.0].map(|value| Matrix::from_slice(&ctx, &[value], 1, 1).unwrap());
        linear.record_step(&mut Recorder::new(&ctx)).unwrap();
        let mut rec = Recorder::new(&ctx);
        linear.record_backward(&mut rec, &x, &y, &dy, None).unwrap();
        linear.record_step(&mut rec).unwrap();
        rec.run().unwrap();
        let after = linear.parameters()[0].1.to_vec(&ctx).unwrap();
        let moved: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        assert_first_step("linear", &moved);

        let mut mlp = Mlp::new(&ctx, &[2, 3, 1], Activation::None, 4, adam, 1).unwrap();
        for _ in 0..7 {
            mlp.record_step(&mut Recorder::new(&ctx)).unwrap();
        }
        let steps = mlp.tensors(&ctx).unwrap().into_iter().filter(|tensor| tensor.name.ends_with("steps"));
        assert!(steps.into_iter().all(|tensor| tensor.values == [0.0]));
    }
}

#[test]
fn variable_and_cached_rows_step_when_they_are_submitted() {
    for ctx in common::devices() {
        let mut rows = VariableRows::builder(&ctx).rows(3, 2).optimizer(adam()).build().unwrap();
        rows.upload(&[0.0; 6]).unwrap();
        let batch = rows.select(&[1u32]).unwrap();
        let grad = RowValues::Jagged(Buffer::from_slice(&ctx, &[1.0f32, 2.0]).unwrap());
        for _ in 0..4 {
            rows.record_update(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
        }
        rows.update(&batch, &grad).unwrap();
        assert_eq!(rows.steps(), 1);
        assert_first_step("variable", &rows.read_row(1).unwrap());

        let mut cached = CachedBags::builder(&ctx)
            .table("t", Table::rows(10).dim(2).init(embag::Init::Zero), 2)
            .feature("f", "t", Pooling::Sum)
            .optimizer(adam())
            .build()
            .unwrap();
        let batch = cached.place(cached.batch().feature("f", &[1u32])).unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2).unwrap();
        for _ in 0..4 {
            cached.record_backward(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
        }
        cached.flush().unwrap();
        // nothing ran, so that there is nothing to bring back
        assert_eq!((cached.steps(), cached.stats().bytes_to_host), (0, 0));
        cached.backward(&batch, &grad).unwrap();
        assert_eq!(cached.steps(), 1);
        assert_first_step("cached", &cached.read_row("t", 1).unwrap());
        drop(batch);
        // another batch needs both slots: what the device changed comes back first
        cached.place(cached.batch().feature("f", &[7u32, 8])).unwrap();
        assert_first_step("cached", &cached.read_row("t", 1).unwrap());
    }
}

fn chunked(ctx: &Context, rows: usize, when_full: WhenFull) -> ChunkedTables {
    ChunkedTables::builder(ctx)
        .table("t", rows, 4)
        .feature("f", "t", Pooling::Sum)
        .chunk_width(4)
        .slots(8)
        .scale(0.0)
        .optimizer(adam())
        .when_full(when_full)
        .build()
        .unwrap()
}

#[test]
fn chunked_tables_step_when_they_are_submitted() {
    for ctx in common::devices() {
        let mut tables = chunked(&ctx, 4, WhenFull::Evict(Eviction::Lfu));
        let batch = tables.admit_from_lengths(&[77], &[1]).unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0, 2.0, 3.0, 4.0], 1, 4).unwrap();
        for _ in 0..9 {
            tables.record_backward(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
        }
        assert_eq!(tables.steps(), 0);
        tables.backward(&batch, &grad).unwrap();
        assert_eq!(tables.steps(), 1);
        assert_first_step("chunked", &tables.row("t", 77).unwrap().unwrap().values);
        // the stamp of the row, and how often it occurred
        let mut checkpoint = Checkpoint::new();
        tables.export(&mut checkpoint, "x").unwrap();
        assert_eq!(checkpoint.tensor::<u32>("x.t.touch", &[1, 2]).unwrap(), [1, 1]);
        // two steps in one recorder, after one that is dropped
        tables.record_backward(&mut Recorder::new(&ctx), &batch, &grad).unwrap();
        let mut rec = Recorder::new(&ctx);
        tables.record_backward(&mut rec, &batch, &grad).unwrap();
        tables.record_backward(&mut rec, &batch, &grad).unwrap();
        rec.run().unwrap();
        let mut checkpoint = Checkpoint::new();
        tables.export(&mut checkpoint, "x").unwrap();
        assert_eq!(checkpoint.tensor::<u32>("x.t.touch", &[1, 2]).unwrap(), [3, 3]);
        let mut loaded = chunked(&ctx, 4, WhenFull::Evict(Eviction::Lfu));
        loaded.import(&checkpoint, "x").unwrap();
        assert_eq!(loaded.steps(), 3);
    }
}

#[track_caller]
fn assert_stale(result: embag::Result<()>, moved: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Stale { .. }), "{error}");
    let expected =
        format!("recorder: expected its submission before {moved}, got it afterwards; record it again");
    assert_eq!(error.to_string(), expected);
}

/// Lookup, forward and backward were recorded; then rows leave for others, and what is submitted would use
/// their places.
#[test]
fn recorded_work_is_refused_after_rows_or_chunks_moved() {
    type Move = fn(&mut ChunkedTables, &Checkpoint);
    let moves: [(&str, WhenFull, Move); 5] = [
        ("rows left for others", WhenFull::Evict(Eviction::Lru), |tables, _| {
            tables.admit_from_lengths(&[5, 6, 7], &[3]).unwrap();
        }),
        ("a table grew", WhenFull::Grow, |tables, _| {
            tables.admit_from_lengths(&[5, 6, 7], &[3]).unwrap();
        }),
        ("an adjustment moved chunks", WhenFull::Refuse, |tables, _| {
            tables.adjust(0.5, 1.0).unwrap();
        }),
        ("the number of slots changed", WhenFull::Refuse, |tables, _| tables.set_slots(2).unwrap()),
        ("a checkpoint was taken up", WhenFull::Refuse, |tables, saved| tables.import(saved, "x").unwrap()),
    ];
    for ctx in common::devices() {
        for (moved, when_full, act) in moves {
            let mut tables = chunked(&ctx, 4, when_full);
            let batch = tables.admit_from_lengths(&[1, 2, 3, 4], &[4]).unwrap();
            let grad = Matrix::from_slice(&ctx, &[1.0, 2.0, 3.0, 4.0], 1, 4).unwrap();
            tables.backward(&batch, &grad).unwrap();
            let mut saved = Checkpoint::new();
            tables.export(&mut saved, "x").unwrap();

            let out = Matrix::from_slice(&ctx, &[9.0; 4], 1, 4).unwrap();
            let [mut find, mut forward, mut backward] = [0; 3].map(|_| Recorder::new(&ctx));
            let found = tables.record_find_from_lengths(&mut find, &[1], &[1]).unwrap();
            tables.record_forward(&mut forward, &batch, &out).unwrap();
            tables.record_backward(&mut backward, &batch, &grad).unwrap();
            act(&mut tables, &saved);
            let (steps, row) = (tables.steps(), tables.row("t", 3).unwrap());
            assert_stale(find.run(), moved);
            assert_stale(forward.run(), moved);
            assert_stale(backward.run(), moved);
            drop(found);
            assert_eq!(out.to_vec(&ctx).unwrap(), [9.0; 4]);
            assert_eq!((tables.steps(), tables.row("t", 3).unwrap()), (steps, row));

            // recorded again it runs
            let mut rec = Recorder::new(&ctx);
            let batch = tables.record_find_from_lengths(&mut rec, &[1], &[1]).unwrap();
            tables.record_forward(&mut rec, &batch, &out).unwrap();
            tables.record_backward(&mut rec, &batch, &grad).unwrap();
            rec.run().unwrap();
        }
    }
}

/// Where nothing leaves, what was recorded before ids were admitted stands.
#[test]
fn recorded_work_stands_while_rows_only_come() {
    for ctx in common::devices() {
        let mut tables = chunked(&ctx, 4, WhenFull::Evict(Eviction::Lru));
        let batch = tables.admit_from_lengths(&[1, 2], &[2]).unwrap();
        let grad = Matrix::from_slice(&ctx, &[1.0; 4], 1, 4).unwrap();
        let mut rec = Recorder::new(&ctx);
        tables.record_backward(&mut rec, &batch, &grad).unwrap();
        tables.admit_from_lengths(&[3, 4], &[2]).unwrap();
        rec.run().unwrap();
        assert_eq!(tables.steps(), 1);
    }
}

#[test]
fn look_ups_in_a_directory_are_refused_after_a_checkpoint_was_taken_up() {
    for ctx in common::devices() {
        let mut directory = IdDirectory::new(&ctx, 10).unwrap();
        let ids = Buffer::from_slice(&ctx, &[7u64, 8]).unwrap();
        let rows = Buffer::from_slice(&ctx, &[5u32; 2]).unwrap();
        let mut rec = Recorder::new(&ctx);
        directory.record_admit(&mut rec, &ids, &rows).unwrap();
        rec.run().unwrap();
        let mut saved = Checkpoint::new();
        directory.export(&mut saved, "d").unwrap();
        let [mut find, mut admit] = [0; 2].map(|_| Recorder::new(&ctx));
        directory.record_find(&mut find, &ids, &rows).unwrap();
        directory.record_admit(&mut admit, &ids, &rows).unwrap();
        directory.import(&saved, "d").unwrap();
        assert_stale(find.run(), "a checkpoint was taken up");
        assert_stale(admit.run(), "a checkpoint was taken up");
        assert_eq!(directory.usage().unwrap().rows, 2);
    }
}

/// A recorder keeps the rows of its batches in the cache: nothing moves under it.
#[test]
fn recorders_keep_cached_rows_where_they_are() {
    for ctx in common::devices() {
        let mut bags = CachedBags::builder(&ctx)
            .table("t", Table::rows(10).dim(2), 2)
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd { lr: 1.0, ..Default::default() })
            .build()
            .unwrap();
        let rows = [1, 2].map(|row| bags.read_row("t", row).unwrap()).concat();
        let batch = bags.place(bags.batch().feature("f", &[1u32, 2])).unwrap();
        let out = Matrix::from_slice(&ctx, &[9.0; 4], 2, 2).unwrap();
        let mut rec = Recorder::new(&ctx);
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        drop(batch);
        let stats = bags.stats();
        let others = bags.place(bags.batch().feature("f", &[3u32, 4]));
        assert!(matches!(others, Err(Error::InvalidArgument { .. })), "{others:?}");
        assert_eq!(bags.stats(), stats);
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), rows);
        bags.place(bags.batch().feature("f", &[3u32, 4])).unwrap();
    }
}
