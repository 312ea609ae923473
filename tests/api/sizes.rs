//! Sizes that no machine has: an error wherever a caller may give one, and never an overflow.

use std::panic::{AssertUnwindSafe, catch_unwind};

use embag::IdDirectory;
use embag::chunked::ChunkedTables;
use embag::dense::{Activation, CrossLayer, CrossNet, DenseOptimizer, Interaction, Linear, Mlp};
use embag::jagged::{KeyedJagged, Offsets, PooledOrder};
use embag::optim::{Adam, Schedule, Sgd};
use embag::quant::{
    ActivationQuant, CodeMatrix, QuantizedBags, QuantizedWeight, RowFormat, RowLayout, WeightOnlyLinear,
    calibration,
};
use embag::sort::{prefix_sum, select, sort_by_key};
use embag::variable::VariableRows;
use embag::{
    Buffer, CachedBags, Checkpoint, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Precision,
    Recorder, SparseGradient, Table,
};

use crate::common;

const SIZES: [usize; 12] = [
    0,
    1,
    3,
    (1 << 31) + 1,
    u32::MAX as usize - 1,
    u32::MAX as usize,
    1 << 32,
    (1 << 32) + 3,
    usize::MAX / 4,
    usize::MAX / 2 + 1,
    usize::MAX - 1,
    usize::MAX,
];

/// What panicked, by name.
#[derive(Default)]
struct Panics(Vec<String>);

impl Panics {
    /// Whatever comes of it, it must not panic.
    fn watch<T>(&mut self, what: impl std::fmt::Display, call: impl FnOnce() -> T) {
        if catch_unwind(AssertUnwindSafe(call)).is_err() {
            self.0.push(what.to_string());
        }
    }

    #[track_caller]
    fn assert_none(self) {
        assert!(self.0.is_empty(), "{} calls panicked:\n{}", self.0.len(), self.0.join("\n"));
    }
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    SIZES.into_iter().flat_map(|a| SIZES.map(|b| (a, b)))
}

fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[test]
fn the_watch_sees_a_planted_panic() {
    let mut panics = Panics::default();
    panics.watch("fine", || 1 + 1);
    panics.watch("overflow", || SIZES.iter().copied().reduce(|a, b| a.checked_mul(b + 1).expect("planted")));
    assert_eq!(panics.0, ["overflow"]);
}

#[test]
fn matrices_and_buffers() {
    let ctx = Context::cpu();
    let buffer = Buffer::from_slice(&ctx, &[1.0f32; 12]).unwrap();
    let matrix = Matrix::from_slice(&ctx, &[1.0; 12], 3, 4).unwrap();
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        panics.watch(format!("zeros {a} {b}"), || Matrix::zeros(&ctx, a, b).is_ok());
        panics.watch(format!("padded {a} {b}"), || Matrix::padded(&ctx, a, b).is_ok());
        panics.watch(format!("from_slice {a} {b}"), || Matrix::from_slice(&ctx, &[], a, b).is_ok());
        panics.watch(format!("columns {a} {b}"), || matrix.columns(a, b).is_ok());
        panics.watch(format!("row_range {a} {b}"), || matrix.row_range(a, b).is_ok());
        panics.watch(format!("half {a} {b}"), || Matrix::zeros_of(Precision::F16, &ctx, a, b).is_ok());
        panics.watch(format!("half over {a} {b}"), || {
            Matrix::new_of(Precision::Bf16, buffer.clone(), a, b, b).is_ok()
        });
        panics.watch(format!("codes {a} {b}"), || {
            CodeMatrix::zeros(&ctx, a, b, ActivationQuant { scale: 1.0, zero_point: 0 }).is_ok()
        });
        for c in SIZES {
            panics.watch(format!("new {a} {b} {c}"), || Matrix::new(buffer.clone(), a, b, c).is_ok());
        }
        let (a, b) = (a as u64, b as u64);
        panics.watch(format!("slice {a} {b}"), || buffer.slice(a, b).is_ok());
        panics.watch(format!("write {a}"), || buffer.write(&ctx, a, &[1u32]).is_ok());
        panics.watch(format!("allocate {a}"), || ctx.allocate("a", a.max(1 << 40)).is_ok());
    }
    panics.assert_none();
}

#[test]
fn dense_layers() {
    let ctx = Context::cpu();
    let sgd = DenseOptimizer::from(Sgd { lr: 0.1, ..Sgd::default() });
    let adam = Adam { lr: 0.1, betas: [0.9; 2], eps: 0.0, ..Adam::default() }.into();
    let x = Matrix::from_slice(&ctx, &[1.0; 12], 3, 4).unwrap();
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        for optimizer in [sgd, adam] {
            panics.watch(format!("linear {a} {b}"), || {
                // what fits is left out: it would be made
                if a < 4 && b < 4 || a >= 1 << 40 || b >= 1 << 40 {
                    Linear::new(&ctx, a, b, Activation::None, optimizer, 1).ok();
                }
            });
            panics.watch(format!("mlp {a} {b}"), || {
                if a > 1 << 33 || b > 1 << 33 {
                    Mlp::new(&ctx, &[a, 3, b], Activation::None, 4, optimizer, 1).ok();
                }
                Mlp::new(&ctx, &[2, 3, 1], Activation::None, a.max(1 << 40), optimizer, 1).is_ok()
            });
            panics.watch(format!("cross {a} {b}"), || {
                if a > 1 << 33 {
                    CrossLayer::new(&ctx, a, None, 4, optimizer, 1).ok();
                    CrossLayer::new(&ctx, a, Some(b), 4, optimizer, 1).ok();
                    CrossNet::builder(&ctx, a)
                        .layers(2)
                        .rank(Some(b))
                        .max_batch(4)
                        .optimizer(optimizer)
                        .seed(1)
                        .build()
                        .ok();
                }
                if b > 1 << 33 {
                    CrossLayer::new(&ctx, 4, Some(b), a, optimizer, 1).ok();
                    CrossLayer::new(&ctx, 4, Some(2), b, optimizer, 1).ok();
                }
            });
        }
        for (self_interaction, dense_part) in [(false, false), (true, true)] {
            let interaction = Interaction { features: a, dim: b, self_interaction, dense_part };
            panics.watch(format!("interaction {interaction:?}"), || {
                let _ = (interaction.in_cols(), interaction.out_cols());
                let mut rec = Recorder::new(&ctx);
                let forward = interaction.record_forward(&mut rec, &x, &x);
                let backward = interaction.record_backward(&mut rec, &x, &x, &x);
                assert!(forward.is_err() && backward.is_err());
            });
        }
    }
    panics.assert_none();
}

#[test]
fn tables() {
    let ctx = Context::cpu();
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        // what fits is left out: it would be made
        let (rows, dim) = (if b < 1 << 20 { a.max(1 << 31) } else { a }, b);
        panics.watch(format!("bags {rows} {dim}"), || {
            let builder = EmbeddingBags::builder(&ctx).table("t", Table::rows(rows).dim(dim.max(1 << 10)));
            builder
                .feature("f", "t", Pooling::Sum)
                .optimizer(Sgd::default())
                .padding(narrow(a))
                .build()
                .is_ok()
        });
        panics.watch(format!("many tables {rows} {dim}"), || {
            let table = || Table::rows(rows).dim(dim.max(1 << 19));
            let builder = EmbeddingBags::builder(&ctx).table("t", table()).table("u", table());
            builder.table("v", table()).feature("f", "t", Pooling::Sum).build().is_ok()
        });
        panics.watch(format!("cached {a} {b}"), || {
            let builder = CachedBags::builder(&ctx).table("t", Table::rows(3).dim(4), a.max(1 << 33));
            builder.feature("f", "t", Pooling::Sum).ways(b).build().is_ok()
        });
        panics.watch(format!("variable {rows} {dim}"), || {
            VariableRows::builder(&ctx).rows(rows, dim.max(1 << 10)).build().ok();
            let dims = [dim.max(1 << 32), a.max(1 << 32)];
            VariableRows::builder(&ctx).dims(&dims).build().is_ok()
        });
        panics.watch(format!("quantised {rows} {dim}"), || {
            let builder = QuantizedBags::builder(&ctx).table("t", rows, dim.max(1 << 14), RowFormat::Int4);
            builder.feature("f", "t", Pooling::Sum).build().is_ok()
        });
        panics.watch(format!("row bytes {dim}"), || {
            for format in [RowFormat::F32, RowFormat::F16, RowFormat::Int8, RowFormat::Int4, RowFormat::Int2]
            {
                for layout in [RowLayout::Fused, RowLayout::Inference { alignment: narrow(a) as usize }] {
                    let _ = (format.row_bytes(dim), layout.row_bytes(format, dim));
                }
            }
        });
        panics.watch(format!("chunked {a} {b}"), || {
            for width in [4, 32, narrow(b)] {
                let table = |rows, dim| {
                    ChunkedTables::builder(&ctx).table("t", rows, dim).feature("f", "t", Pooling::Sum)
                };
                let with = |rows, dim| table(rows, dim).chunk_width(width).admit_after(2);
                with(a.max(1 << 30), b).slots(4).build().ok();
                with(3, 32).slots(narrow(a).max(1 << 31)).build().ok();
                with(3, 32).budget(b.max(1 << 40) as u64).build().ok();
            }
        });
        panics.watch(format!("directory {a} {b}"), || {
            IdDirectory::admitting(&ctx, a.max(1 << 31), narrow(b)).is_ok()
        });
    }
    panics.assert_none();
}

#[test]
fn batches() {
    let ctx = Context::cpu();
    let builder = EmbeddingBags::builder(&ctx).table("t", Table::rows(5).dim(2));
    let mut bags = builder.feature("f", "t", Pooling::Sum).feature("g", "t", Pooling::Sum).build().unwrap();
    let variable = VariableRows::builder(&ctx).rows(3, 2).build().unwrap();
    let chunked = ChunkedTables::builder(&ctx)
        .table("t", 5, 4)
        .feature("f", "t", Pooling::Sum)
        .feature("g", "t", Pooling::Sum)
        .chunk_width(4)
        .slots(5)
        .build()
        .unwrap();
    let mut cached = CachedBags::builder(&ctx)
        .table("t", Table::rows(5).dim(2), 5)
        .feature("f", "t", Pooling::Sum)
        .feature("g", "t", Pooling::Sum)
        .build()
        .unwrap();
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        let (u, v) = (narrow(a), narrow(b));
        let lists = [vec![u], vec![u, v], vec![u, v, u, v], vec![v; 6]];
        for list in &lists {
            panics.watch(format!("lengths {list:?}"), || {
                bags.batch_from_lengths(&[1u32, 2], list, None).ok();
                bags.batch_from_offsets(&[1u32, 2], list, None).ok();
                cached.place_from_lengths(&[1u32, 2], list, None).ok();
                cached.place_from_offsets(&[1u32, 2], list, None).ok();
                variable.bags(&[1u32, 2], list).ok();
                chunked.find_from_lengths(&[1, 2], list).ok();
                bags.batch().bags("f", &[1u32, 2], list).offsets("g", &[1u32, 2], list).build().ok();
                bags.batch().starts("f", &[1u32, 2], list).rows("g", &[1u32, 2], a).build().ok();
                SparseGradient::from_host(&bags, "t", list, &[1.0; 4], Some(list)).ok();
            });
            panics.watch(format!("examples {a} {b} {list:?}"), || {
                bags.batch_from_variable_lengths(&[1u32, 2], list, &[a, b], None).ok();
                cached.place_from_variable_lengths(&[1u32, 2], list, &[a, b], None).ok();
            });
        }
        panics.watch(format!("rows {a}"), || {
            bags.read_row("t", a as u64).ok();
            bags.write_row("t", a as u64, &[1.0; 2]).ok();
            variable.read_row(a as u64).ok();
        });
        for lengths in [false, true] {
            for (examples, counts) in [(None, None), (Some(vec![a, b]), Some(vec![a, b]))] {
                let given = || {
                    common::with(
                        DeviceBatch::from_lengths(
                            a,
                            Buffer::from_slice(&ctx, &[1u32, 2]).unwrap(),
                            Buffer::from_slice(&ctx, &[0u32, 1, 2]).unwrap(),
                        ),
                        |given| {
                            given.lengths = lengths;
                            given.counts = counts.clone();
                            given.examples = examples.clone();
                        },
                    )
                };
                panics.watch(format!("device batch {a} {b} {lengths}"), || {
                    bags.batch_from_device(&mut Recorder::new(&ctx), given()).is_ok()
                });
                panics.watch(format!("keyed {a} {b} {lengths}"), || {
                    KeyedJagged::new(&mut Recorder::new(&ctx), b, given()).is_ok()
                });
            }
        }
    }
    panics.assert_none();
}

#[test]
fn jagged_tensors_and_sorts() {
    let ctx = Context::cpu();
    let words = Buffer::from_slice(&ctx, &[0u32, 1, 2]).unwrap();
    let keyed = |rec: &mut Recorder| {
        let given =
            DeviceBatch::from_offsets(1, Buffer::from_slice(&ctx, &[1u32, 2]).unwrap(), words.clone())
                .counts(vec![1, 1]);
        KeyedJagged::new(rec, 2, given).unwrap()
    };
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        panics.watch(format!("keyed operations {a} {b}"), || {
            let mut rec = Recorder::new(&ctx);
            let jagged = keyed(&mut rec);
            jagged.permute(&mut rec, &[a, b], Some(a)).ok();
            jagged.permute(&mut rec, &[0, 1, 1], Some(b)).ok();
            jagged.split_features(&mut rec, &[a, b], Some(&[b, a])).ok();
            jagged.split_batch(&mut rec, &[a, b], &[b, a]).ok();
            jagged.split_batch(&mut rec, &[1, 0], &[b, a]).ok();
            jagged.counted(&mut rec, &[a, b]).ok();
            // as many buckets as fit would be made
            if !(4..=1 << 40).contains(&a) {
                jagged.bucketize(&mut rec, &[narrow(b), 1], a, true).ok();
            }
        });
        panics.watch(format!("offsets {a}"), || {
            Offsets::new(&mut Recorder::new(&ctx), words.clone(), a).ok();
            Offsets::from_lengths(&mut Recorder::new(&ctx), &words, a).is_ok()
        });
        panics.watch(format!("pooled order {a} {b}"), || {
            if let Ok(order) = PooledOrder::new(&[a, b], &[1, 0, 0]) {
                let _ = (order.in_cols(), order.out_cols());
            }
        });
        panics.watch(format!("sorts {a} {b}"), || {
            let mut rec = Recorder::new(&ctx);
            prefix_sum(&mut rec, &words, narrow(a)).ok();
            sort_by_key(&mut rec, &words, narrow(a), narrow(b)).ok();
            select(&mut rec, &words, narrow(a), narrow(b), &words).ok();
        });
    }
    panics.assert_none();
}

#[test]
fn weights_checkpoints_and_schedules() {
    let ctx = Context::cpu();
    let mut panics = Panics::default();
    for (a, b) in pairs() {
        for c in SIZES {
            panics.watch(format!("weight {a} {b} {c}"), || {
                QuantizedWeight::quantize(&[1.0; 4], a, b, 4, c).ok();
                QuantizedWeight::quantize(&[1.0; 4], 2, 2, narrow(a), b).ok();
                QuantizedWeight::from_codes(vec![1; 4], vec![1.0], a, b, 8, c).ok();
                QuantizedWeight::from_codes(vec![1; 4], vec![1.0; 2], 2, 2, narrow(a), c).ok();
            });
        }
        panics.watch(format!("layer {a}"), || {
            WeightOnlyLinear::f16(&ctx, &[1.0; 4], &[1.0; 2], a, Activation::None).ok();
            WeightOnlyLinear::f32(&ctx, &[1.0; 4], &[1.0; 2], a, Activation::None).ok();
        });
        panics.watch(format!("calibration {a} {b}"), || {
            calibration::column_means(&[1.0; 4], a).ok();
            calibration::Outliers::split_weights(&mut [1.0; 4], a, 0.5).ok();
            calibration::Outliers::split_channels(&mut [1.0; 4], a, &[b]).ok();
        });
        panics.watch(format!("checkpoint {a} {b}"), || {
            let mut checkpoint = Checkpoint::new();
            checkpoint.insert("x", &[a, b], vec![1.0f32; 4]).ok();
            checkpoint.insert("y", &[2, 2], vec![1.0f32; 4]).unwrap();
            checkpoint.tensor::<f32>("y", &[a, b]).is_ok()
        });
        panics.watch(format!("schedule {a} {b}"), || {
            let schedules =
                [Schedule::constant(), Schedule::step(narrow(a), 2.0), Schedule::cosine(narrow(a), 0.5)];
            schedules.map(|schedule| schedule.warmup(narrow(b)).factor(narrow(a)))
        });
    }
    panics.assert_none();
}
