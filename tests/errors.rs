//! Every mistake has its message, and every [`Error`] variant can be had.

mod common;

use std::time::Duration;

use embag::chunked::{ChunkedTables, WhenFull};
use embag::optim::{Adagrad, RowwiseAdagrad, Sgd, WeightDecay};
use embag::quant::{QuantizedBags, RowFormat};
use embag::sharded::{Group, ShardedBags, Threads, Traffic};
use embag::sort::{prefix_sum, sort_by_key};
use embag::variable::VariableRows;
use embag::{
    Bounds, Buffer, CachedBags, Checkpoint, Context, ContextOptions, EmbeddingBags, Error, Init, Matrix,
    Pooling, Recorder, Result, Table,
};

fn bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(10).dim(4))
        .table("u", Table::rows(20).dim(3))
        .feature("f", "t", Pooling::Sum)
        .feature("g", "u", Pooling::Mean)
        .padding(777)
        .optimizer(Sgd::default())
        .build()
        .unwrap()
}

#[track_caller]
fn message<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn mistakes_in_a_batch_feature_by_feature() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let good = || bags.batch().feature("f", &[1u32, 2]);
    message(
        good().build(),
        "batch: expected feature \"g\" (`.only()` names the features of a batch, `.variable()` lets some be left out), got no such feature in it",
    );
    message(good().feature("h", &[1u32, 2]).build(), "feature: expected one of [\"f\", \"g\"], got \"h\"");
    message(good().feature("f", &[3u32, 4]).build(), "feature \"f\": expected once, got twice");
    message(
        good().feature("g", &[1u32]).build(),
        "feature \"g\": expected 2 examples, as in the first feature, got 1",
    );
    message(
        good().bags("g", &[1u32, 2, 3], &[1, 1]).build(),
        "lengths of feature \"g\": expected a sum of 3, the number of ids, got 2",
    );
    message(
        good().bags("g", &[1u32], &[u32::MAX, u32::MAX]).build(),
        "lengths of feature \"g\": expected a sum of 1, the number of ids, got 8589934590",
    );
    message(
        good().feature("g", &[1u32, 2]).weights("g", &[1.0]).build(),
        "weights of feature \"g\": expected 2 values, one for each id, got 1",
    );
    message(
        good().weights("g", &[1.0]).build(),
        "weights of feature \"g\": expected the feature's ids first, got weights only",
    );
    message(good().weights("h", &[1.0]).build(), "feature: expected one of [\"f\", \"g\"], got \"h\"");
    // the first of several mistakes is told
    message(
        good().feature("f", &[1u32]).feature("h", &[1u32]).build(),
        "feature \"f\": expected once, got twice",
    );
}

#[test]
fn mistakes_in_offsets() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    for (offsets, expected) in [
        (&[][..], "offsets of feature \"g\": expected one more than bags, got none"),
        (&[0, 2, 1], "offsets of feature \"g\"[2]: expected at least 2, got 1"),
        (&[0, 2, 4], "offsets of feature \"g\"[2]: expected at most 3 (the number of ids), got 4"),
        (&[0, u32::MAX, 3], "offsets of feature \"g\"[2]: expected at least 4294967295, got 3"),
    ] {
        let batch = bags.batch().feature("f", &[1u32, 2]).offsets("g", &[1u32, 2, 3], offsets);
        message(batch.build(), expected);
    }
    let none: [i64; 0] = [];
    let with_offsets =
        |offsets: &[i64]| bags.batch().feature("f", &[1u32, 2]).offsets("g", &[1u32, 2, 3], offsets).build();
    message(with_offsets(&[-1, 2, 3]), "offsets of feature \"g\"[0]: expected at least 0, got -1");
    message(with_offsets(&[0, -2, 3]), "offsets of feature \"g\"[1]: expected at least 0, got -2");
    message(
        with_offsets(&[0, 1, i64::MAX]),
        "offsets of feature \"g\"[2]: expected at most 3 (the number of ids), got 9223372036854775807",
    );
    message(
        bags.batch().feature("f", &[1u32, 2]).starts("g", &[1u32, 2, 3], &[0i32, 4]).build(),
        "starts of feature \"g\"[2]: expected at least 4, got 3",
    );
    // one weight for each value, in a bag or not
    message(
        bags.batch().offsets("g", &[1u32, 2, 3], &[1i32, 2, 3]).weights("g", &[0.5; 2]).build(),
        "weights of feature \"g\": expected 3 values, one for each id, got 2",
    );
    message(
        bags.batch_from_offsets(&[1u32, 2], &[0, 1, 3], None),
        "offsets[2]: expected at most 2 (the number of ids), got 3",
    );
    message(
        bags.batch_from_offsets(&[1u32, 2], &none, None),
        "offsets: expected one more than bags, got none",
    );
    message(
        bags.batch_from_offsets(&[1u32, 2], &[0, 1, 1, 2], None),
        "lengths: expected a multiple of the 2 features, got 3",
    );
}

#[test]
fn mistakes_in_a_keyed_jagged_batch() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    message(
        bags.batch_from_lengths(&[1u32, 2], &[1, 0, 1], None),
        "lengths: expected a multiple of the 2 features, got 3",
    );
    message(
        bags.batch_from_lengths(&[1u32, 2], &[1, 0, 1, 1], None),
        "lengths: expected a sum of 2, the number of ids, got 3",
    );
    message(
        bags.batch_from_lengths(&[1u32, 2], &[1, 0, 1, 0], Some(&[1.0])),
        "weights: expected 2 values, one for each id, got 1",
    );
    assert_eq!(bags.batch_from_lengths::<u32>(&[], &[], None).unwrap().len(), 0);
}

#[test]
fn ids_out_of_range() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let build = |f: &[u64], g: &[u64]| {
        bags.batch().lists("f", [f.to_vec(), vec![]]).lists("g", [vec![], g.to_vec()]).build()
    };
    for (f, g, expected) in [
        (&[1, 10][..], &[20][..], r#"feature "f", example 0, position 1: id 10 out of range for 10 rows"#),
        (&[1], &[2, 3, 20, 21], r#"feature "g", example 1, position 3: id 20 out of range for 20 rows"#),
        (&[], &[1 << 32], r#"feature "g", example 1, position 0: id 4294967296 out of range for 20 rows"#),
        (&[777], &[], r#"feature "f", example 0, position 0: id 777 out of range for 10 rows"#),
        (
            &[u64::MAX],
            &[],
            r#"feature "f", example 0, position 0: id 18446744073709551615 out of range for 10 rows"#,
        ),
        // -1 as 32 bits
        (
            &[0xffff_ffff],
            &[],
            r#"feature "f", example 0, position 0: id 4294967295 out of range for 10 rows"#,
        ),
        (
            &[],
            &[0xffff_ffff],
            r#"feature "g", example 1, position 0: id 4294967295 out of range for 20 rows"#,
        ),
    ] {
        message(build(f, g), expected);
    }
    // a low word that would be a row must not be taken for it
    message(
        build(&[(1 << 32) + 3], &[]),
        r#"feature "f", example 0, position 0: id 4294967299 out of range for 10 rows"#,
    );
    let error = build(&[9, 12], &[]).unwrap_err();
    assert_eq!(error.position(), Some(1));
    // the padding id is no row and no mistake
    assert_eq!(build(&[9], &[777, 19]).unwrap().ids(), 3);
    message(
        bags.batch_from_lengths(&[1u32, 2, 20], &[1, 1, 0, 1], None),
        r#"feature "g", example 1, position 2: id 20 out of range for 20 rows"#,
    );
}

#[test]
fn skipped_ids_are_counted() {
    let ctx = Context::cpu();
    let bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(10).dim(2).init(Init::Constant(1.0)))
        .feature("f", "t", Pooling::Mean)
        .padding(50)
        .bounds(Bounds::Skip)
        .build()
        .unwrap();
    let batch = bags.batch().lists("f", [vec![1u64, 10, 50, 1 << 40], vec![u64::MAX]]).build().unwrap();
    assert_eq!(batch.skipped().unwrap(), 3);
    assert_eq!(bags.forward(&batch).unwrap().to_vec(&ctx).unwrap(), [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn mistakes_in_the_description() {
    let ctx = Context::cpu();
    let build = |table: Table| {
        EmbeddingBags::builder(&ctx).table("t", table).feature("f", "t", Pooling::Sum).build().map(drop)
    };
    message(build(Table::rows(9).dim(0)), "table \"t\" dim: expected 1 to 1048576, got 0");
    message(build(Table::rows(9).dim(1 << 21)), "table \"t\" dim: expected 1 to 1048576, got 2097152");
    message(build(Table::rows(1 << 32)), "table \"t\" rows: expected at most 4294967294, got 4294967296");
    message(
        build(Table::rows(9).init(Init::Uniform(f32::NAN))),
        "table \"t\" init: expected finite numbers, got NaN",
    );
    message(
        build(Table::rows(9).dim(4).storage(Buffer::from_slice(&ctx, &[0.0f32; 35]).unwrap())),
        "table \"t\" storage: expected 144 bytes, got 140",
    );
    let builder = || EmbeddingBags::builder(&ctx).table("t", Table::rows(9)).feature("f", "t", Pooling::Sum);
    message(EmbeddingBags::builder(&ctx).build(), "features: expected at least one, got none");
    message(
        builder().table("t", Table::rows(1)).build(),
        "table \"t\": expected a name of its own, got the name twice",
    );
    message(
        builder().feature("f", "t", Pooling::Sum).build(),
        "feature \"f\": expected a name of its own, got the name twice",
    );
    message(builder().feature("g", "u", Pooling::Sum).build(), "table: expected one of [\"t\"], got \"u\"");
    message(
        builder().padding(u32::MAX).build(),
        "padding of feature \"f\": expected less than 4294967295, got 4294967295",
    );
    message(
        builder().optimizer(Sgd { lr: f32::INFINITY, ..Default::default() }).build(),
        "sgd lr: expected a finite number, got inf",
    );
    message(
        builder().optimizer(Adagrad { eps: -1.0, ..Default::default() }).build(),
        "adagrad eps: expected a finite number of at least 0, got -1",
    );
    let decay = RowwiseAdagrad { weight_decay: WeightDecay::L2(f32::NAN), ..Default::default() };
    message(
        builder().optimizer(decay).build(),
        "rowwise_adagrad weight_decay: expected a finite number of at least 0, got NaN",
    );
}

#[test]
fn mistakes_in_use() {
    let ctx = Context::cpu();
    let mut ours = bags(&ctx);
    let batch = ours.batch().feature("f", &[1u32, 2]).feature("g", &[1u32, 2]).build().unwrap();
    let matrix = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    message(ours.backward(&batch, &matrix(2, 6)), "grad: expected 2 x 7, got 2 x 6");
    message(
        ours.backward(&batch, &[matrix(2, 4)]),
        "grads: expected 2 matrices, one for each feature, got 1",
    );
    message(
        ours.backward(&batch, &[matrix(2, 4), matrix(3, 3)]),
        "grads of feature \"g\": expected 2 x 3, got 3 x 3",
    );
    let mut rec = Recorder::new(&ctx);
    message(ours.record_forward(&mut rec, &batch, &matrix(3, 7)), "out: expected 2 x 7, got 3 x 7");
    let short = Buffer::from_slice(&ctx, &[0.0f32; 3]).unwrap();
    message(
        ours.record_weight_grad(&mut rec, &batch, &matrix(2, 7), &short),
        "out: expected 4 values, one for each id, got 3",
    );
    message(
        bags(&ctx).forward(&batch),
        "batch: expected one that was built for these bags, got one that was built for others",
    );
    message(ours.upload("t", &[0.0; 39]), "values of table \"t\": expected 10 rows x 4 = 40 values, got 39");
    message(ours.upload_state("t", "sum", &[0.0]), "state: expected one of [], got \"sum\"");
    message(ours.download("v"), "table: expected one of [\"t\", \"u\"], got \"v\"");
    message(ours.read_row("t", 10), "table \"t\": row 10 out of range for 10 rows");
    message(ours.read_row("t", 1 << 32), "table \"t\": row 4294967296 out of range for 10 rows");
    message(ours.write_row("u", 20, &[0.0; 3]), "table \"u\": row 20 out of range for 20 rows");
    message(ours.write_row("u", 0, &[0.0; 4]), "row of table \"u\": expected 3 values, got 4");
    message(ours.set_lr(f32::NAN), "sgd lr: expected a finite number, got NaN");
    assert_eq!(ours.optimizer().unwrap().lr(), 0.01);
    message(batch.ids_of("x"), "feature: expected one of [\"f\", \"g\"], got \"x\"");

    let sequence = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(10).dim(4))
        .feature("f", "t", Pooling::None)
        .build()
        .unwrap();
    let batch = sequence.batch().feature("f", &[1u32]).build().unwrap();
    message(
        sequence.forward(&batch),
        "features: expected only pooled ones for a single matrix (use a matrix for each feature), got a sequence",
    );
}

#[test]
fn mistakes_with_memory() {
    let ctx = Context::cpu();
    let eight = Buffer::from_slice(&ctx, &[0.0f32; 8]).unwrap();
    message(eight.slice(4, 32), "buffer slice: expected a multiple of 4 within 32 bytes, got 32 bytes at 4");
    message(eight.slice(2, 4), "buffer slice: expected a multiple of 4 within 32 bytes, got 4 bytes at 2");
    assert!(eight.slice(u64::MAX - 3, 8).is_err());
    assert!(eight.write(&ctx, 28, &[1u32, 2]).is_err());
    message(Matrix::new(eight.clone(), 2, 5, 4), "stride: expected at least 5 columns, got 4");
    message(
        Matrix::new(eight.clone(), 3, 2, 4),
        "matrix buffer: expected 40 bytes for 3 x 2 with stride 4, got 32 bytes",
    );
    assert!(Matrix::new(eight.clone(), usize::MAX, 2, usize::MAX).is_err());
    assert!(Matrix::new(eight.clone(), usize::MAX / 4, 2, 2).is_err());
    assert!(matches!(Matrix::zeros(&ctx, usize::MAX, 3), Err(Error::LimitExceeded { .. })));
    message(Matrix::from_slice(&ctx, &[0.0; 5], 2, 3), "matrix data: expected 2 x 3 values, got 5");
    let matrix = Matrix::new(eight.clone(), 2, 4, 4).unwrap();
    message(matrix.columns(3, 2), "columns: expected within the 4 of the matrix, got 2 from 3 on");
    assert!(matrix.columns(usize::MAX, 2).is_err());
    let mut rec = Recorder::new(&ctx);
    let four = Buffer::from_slice(&ctx, &[0.0f32; 4]).unwrap();
    message(rec.copy(&eight, &four), "copy target: expected 32 bytes, got 16");
    message(
        rec.copy(&eight.slice(0, 16).unwrap(), &eight.slice(16, 16).unwrap()),
        "copy target: expected another buffer than the source, got the same buffer",
    );
    message(sort_by_key(&mut rec, &four, 5, 8), "keys: expected 20 bytes for 5 keys, got 16");
    message(sort_by_key(&mut rec, &four, 4, 33), "bits: expected 1 to 32, got 33");
    message(sort_by_key(&mut rec, &four, 4, 0), "bits: expected 1 to 32, got 0");
    message(prefix_sum(&mut rec, &four, 5), "values: expected 20 bytes for 5 values, got 16");
}

#[test]
fn an_operation_that_fails_leaves_nothing_recorded() {
    // the second output's rows do not fit a binding: the first must not be written either
    let options = ContextOptions::new().max_binding(1024).max_buffer(1 << 20);
    for ctx in common::devices_with(&options) {
        let bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(10).dim(4).init(Init::Constant(1.0)))
            .feature("f", "t", Pooling::Sum)
            .feature("g", "t", Pooling::Sum)
            .build()
            .unwrap();
        let batch = bags.batch().feature("f", &[1u32]).feature("g", &[1u32]).build().unwrap();
        let first = Matrix::zeros(&ctx, 1, 4).unwrap();
        let wide = Matrix::zeros(&ctx, 1, 400).unwrap().columns(300, 4).unwrap();
        let mut rec = Recorder::new(&ctx);
        let error = bags.record_forward(&mut rec, &batch, &[first.clone(), wide]).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
        rec.run().unwrap();
        assert_eq!(first.to_vec(&ctx).unwrap(), [0.0; 4]);
    }
}

/// The name of a variant. [`Error::NoAdapter`] has a test of its own, [`no_adapter`].
fn variant(error: &Error) -> &'static str {
    macro_rules! named {
        ($($name:ident)*) => {
            match error {
                $(Error::$name { .. } => stringify!($name),)*
                _ => "another",
            }
        };
    }
    named!(InvalidArgument IdOutOfRange Offsets RowOutOfRange LimitExceeded WrongContext Checkpoint Io OutOfMemory
        DirectoryFull Stale Timeout Device DeviceLost Rank Group)
}

/// `main() -> Result` prints what `Debug` makes of an error.
#[test]
fn debug_shows_the_text() {
    let error = bags(&Context::cpu()).read_row("t", 99).unwrap_err();
    assert_eq!(format!("{error:?}"), "table \"t\": row 99 out of range for 10 rows");
}

#[test]
fn every_variant_can_be_had() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let mut had = vec![
        bags.batch().build().unwrap_err(),
        bags.batch().feature("f", &[10u32]).feature("g", &[1u32]).build().unwrap_err(),
        bags.batch_from_offsets(&[1u32], &[0, 2, 1], None).unwrap_err(),
        bags.read_row("t", 99).unwrap_err(),
        Matrix::zeros(&ctx, 1 << 40, 1).unwrap_err(),
        bags.batch_from_device(
            &mut Recorder::new(&Context::cpu()),
            embag::DeviceBatch::from_offsets(
                0,
                Buffer::from_slice(&ctx, &[0u32; 0]).unwrap(),
                Buffer::from_slice(&ctx, &[0u32]).unwrap(),
            ),
        )
        .unwrap_err(),
    ];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "no checkpoint").unwrap();
    had.push(Checkpoint::load(file.path()).unwrap_err());
    had.push(Checkpoint::load(file.path().with_extension("missing")).unwrap_err());
    had.extend([out_of_memory(&ctx), directory_full(&ctx), stale(&ctx)]);
    let alone = Threads::group(1).remove(0);
    had.push(ShardedBags::builder(&ctx, alone).build().unwrap_err());
    // the other rank is gone
    let mut ranks = Threads::group(2);
    ranks.truncate(1);
    had.push(ranks[0].all_gather(Traffic::Ids, &[]).unwrap_err());
    let mut expected = vec![
        "InvalidArgument",
        "IdOutOfRange",
        "Offsets",
        "RowOutOfRange",
        "LimitExceeded",
        "WrongContext",
        "Checkpoint",
        "Io",
        "OutOfMemory",
        "DirectoryFull",
        "Stale",
        "Rank",
        "Group",
    ];
    if let Some(gpu) = common::gpu() {
        had.extend([timeout(&gpu), device_error(&gpu), device_lost(&gpu)]);
        expected.extend(["Timeout", "Device", "DeviceLost"]);
    }
    let names: Vec<&str> = had.iter().map(variant).collect();
    assert_eq!(names, expected);
}

fn out_of_memory(ctx: &Context) -> Error {
    let builder = EmbeddingBags::builder(ctx).table("t", Table::rows(embag::MAX_ROWS).dim(1 << 20));
    builder.feature("f", "t", Pooling::Sum).build().unwrap_err()
}

fn chunked(ctx: &Context) -> ChunkedTables {
    let builder = ChunkedTables::builder(ctx).table("t", 2, 4).feature("f", "t", Pooling::Sum);
    builder.chunk_width(4).slots(4).when_full(WhenFull::Error).build().unwrap()
}

fn directory_full(ctx: &Context) -> Error {
    let error = chunked(ctx).admit_from_lengths(&[1, 2, 3], &[3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "directory of table \"t\": expected at most 2 rows, got 3 (give it more, or let it grow or rows leave: \
         ChunkedTablesBuilder::when_full)"
    );
    error
}

fn stale(ctx: &Context) -> Error {
    let mut tables = chunked(ctx);
    let mut rec = Recorder::new(ctx);
    tables.record_find_from_lengths(&mut rec, &[1], &[1]).unwrap();
    tables.set_slots(2).unwrap();
    rec.submit().unwrap_err()
}

/// Comes last: nothing runs on the context afterwards.
fn device_lost(gpu: &Context) -> Error {
    gpu.wgpu().unwrap().0.destroy();
    Buffer::from_slice(gpu, &[1u32]).unwrap_err()
}

fn timeout(gpu: &Context) -> Error {
    let keys = Buffer::from_slice(gpu, &vec![7u32; 1 << 20]).unwrap();
    let mut rec = Recorder::new(gpu);
    for _ in 0..4 {
        sort_by_key(&mut rec, &keys, 1 << 20, 32).unwrap();
    }
    rec.submit().unwrap().wait_timeout(Duration::from_micros(1)).unwrap_err()
}

/// A driver's refusal: a buffer that was destroyed by its owner.
fn device_error(gpu: &Context) -> Error {
    let buffer = Buffer::from_slice(gpu, &[1u32; 64]).unwrap();
    if let Some((buffer, ..)) = buffer.as_wgpu() {
        buffer.destroy();
    }
    buffer.read::<u32>(gpu).unwrap_err()
}

/// Runs in a process of its own, for the sake of its environment: see [`no_adapter`].
#[test]
#[ignore = "a helper of the test `no_adapter`"]
fn open_an_adapter_that_is_not_there() {
    message(Context::open(), &std::env::var("EMBAG_TEST_MESSAGE").unwrap());
}

#[test]
fn no_adapter() {
    let run = |message: &str| {
        let helper = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "open_an_adapter_that_is_not_there", "--ignored"])
            .envs([
                ("WGPU_ADAPTER_NAME", "Voodoo2"),
                ("WGPU_BACKEND", "vulkan"),
                ("EMBAG_TEST_MESSAGE", message),
            ])
            .env("VK_DRIVER_FILES", "/nonexistent")
            .output()
            .unwrap();
        assert!(helper.status.success(), "{}", String::from_utf8_lossy(&helper.stdout));
    };
    run("no GPU adapter: expected any adapter whose name contains \"voodoo2\", got none");
}

#[test]
fn an_adapter_of_a_number_that_is_not_there() {
    let error = Context::open_with(&ContextOptions::new().adapter(99)).unwrap_err().to_string();
    assert!(error.starts_with("no GPU adapter: expected any adapter, number 99 of "), "{error}");
}

#[test]
fn a_recorder_that_was_never_submitted() {
    for ctx in common::devices() {
        let buffer = Buffer::from_slice(&ctx, &[1u32]).unwrap();
        let readback = Recorder::new(&ctx).readback::<u32>(&buffer);
        message(readback.wait(), "readback: expected a submitted recorder, got one that was never submitted");
    }
}

#[test]
fn memory_of_another_context() {
    let cpu = Context::cpu();
    for ctx in common::devices() {
        let other = if ctx.is_cpu() { cpu.clone() } else { common::gpu().unwrap() };
        let bags = bags(&ctx);
        let batch = bags.batch().feature("f", &[1u32]).feature("g", &[1u32]).build().unwrap();
        for foreign in [&other, &cpu] {
            let out = Matrix::zeros(foreign, 1, 7).unwrap();
            let mut rec = Recorder::new(&ctx);
            bags.record_forward(&mut rec, &batch, &out).unwrap();
            message(rec.run(), "out belongs to another context");
            let mut rec = Recorder::new(foreign);
            message(bags.record_forward(&mut rec, &batch, &out), "recorder belongs to another context");
            message(out.buffer().read::<f32>(&ctx), "readback source belongs to another context");
            message(out.buffer().write(&ctx, 0, &[1.0f32]), "target belongs to another context");
            let table = Table::rows(1).dim(7).storage(out.buffer().clone());
            let built =
                EmbeddingBags::builder(&ctx).table("t", table).feature("f", "t", Pooling::Sum).build();
            message(built, "table storage belongs to another context");
        }
    }
}

/// Each window would be small enough; the sum of all is not there, and nothing is made.
#[test]
fn memory_that_is_not_there() {
    let huge = || Table::rows(embag::MAX_ROWS).dim(1024);
    for ctx in common::devices().into_iter().filter(|ctx| ctx.is_cpu() || common::is_software(ctx)) {
        let plain = EmbeddingBags::builder(&ctx)
            .table("small", Table::rows(10))
            .table("huge", huge())
            .feature("f", "huge", Pooling::Sum)
            .optimizer(Adagrad::default())
            .build()
            .unwrap_err();
        let Error::OutOfMemory { needed, available, .. } = plain else { panic!("{plain}") };
        let rows = embag::MAX_ROWS as u64;
        assert_eq!(needed, 2 * (rows * 4096 + 10 * 64));
        let largest = 2 * rows * 4096;
        assert_eq!(
            plain.to_string(),
            format!(
                "memory for 2 tables (the largest, \"huge\", takes {largest} bytes): expected at most the {available} \
                 bytes that are available, got {needed}"
            )
        );
        let cached = CachedBags::builder(&ctx).table("huge", huge(), 10).feature("f", "huge", Pooling::Sum);
        let others = [
            cached.build().map(drop),
            VariableRows::builder(&ctx).rows(embag::MAX_ROWS, 1024).build().map(drop),
            QuantizedBags::builder(&ctx)
                .table("huge", embag::MAX_ROWS, 1 << 14, RowFormat::Int8)
                .feature("f", "huge", Pooling::Sum)
                .build()
                .map(drop),
            ChunkedTables::builder(&ctx)
                .table("t", 10, 32)
                .feature("f", "t", Pooling::Sum)
                .chunk_width(32)
                .slots(u32::MAX - 1)
                .build()
                .map(drop),
            ChunkedTables::builder(&ctx)
                .table("t", 10, 32)
                .feature("f", "t", Pooling::Sum)
                .chunk_width(32)
                .budget(1 << 45)
                .build()
                .map(drop),
        ];
        for (i, result) in others.into_iter().enumerate() {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::OutOfMemory { .. }), "{i}: {error}");
        }
    }
}

#[test]
fn ids_are_shown_as_they_were_given() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let with = |bad: embag::bag::BatchBuilder| bad.feature("g", &[1u32]).build();
    let id =
        |shown: &str| format!("feature \"f\", example 0, position 0: id {shown} out of range for 10 rows");
    message(with(bags.batch().feature("f", &[-3i32])), &id("-3"));
    message(with(bags.batch().feature("f", &[i64::MIN])), &id("-9223372036854775808"));
    message(with(bags.batch().feature("f", &[u64::MAX])), &id("18446744073709551615"));
    message(with(bags.batch().feature("f", &[u32::MAX])), &id("4294967295"));
    message(bags.batch_from_lengths(&[-2i64, 1], &[1, 1], None), &id("-2"));
    let rows = VariableRows::builder(&ctx).rows(3, 2).build().unwrap();
    let text = "feature \"rows\", example 1, position 1: id -7 out of range for 3 rows";
    message(rows.select(&[0, -7i64]), text);
}

#[test]
fn rows_of_a_wrong_length_are_named_as_the_caller_knows_them() {
    let mut rows = VariableRows::builder(&Context::cpu()).rows(3, 2).rows(2, 5).build().unwrap();
    message(rows.write_row(4, &[1.0; 3]), "row 4: expected 5 values, got 3");
}

/// Twelve bytes are no whole number of values of eight, by whichever way they leave the device.
#[test]
fn what_is_read_is_of_whole_values() {
    let expected = "bytes to read back: expected a multiple of the 8 bytes of a value, got 12";
    for ctx in common::devices() {
        let buffer = Buffer::from_slice(&ctx, &[1u32, 2, 3]).unwrap();
        message(buffer.read::<u64>(&ctx), expected);
        let mut rec = Recorder::new(&ctx);
        let other = Buffer::from_slice(&ctx, &[5u32]).unwrap();
        rec.clear(&other);
        let readback = rec.readback::<[u16; 4]>(&buffer);
        message(rec.submit(), expected);
        // nothing ran
        assert!(readback.wait().is_err());
        assert_eq!(other.read::<u32>(&ctx).unwrap(), [5]);
        assert_eq!(buffer.read::<[u16; 2]>(&ctx).unwrap(), [[1, 0], [2, 0], [3, 0]]);
        assert!(buffer.read::<[u32; 0]>(&ctx).is_err());
        assert!(buffer.slice(0, 0).unwrap().read::<u64>(&ctx).unwrap().is_empty());
    }
}

#[test]
fn padding_belongs_to_a_feature() {
    let builder = EmbeddingBags::builder(&Context::cpu()).padding(3).table("t", Table::rows(4));
    let error = builder.feature("f", "t", Pooling::Sum).build().unwrap_err();
    assert_eq!(error.to_string(), "padding: expected a feature before it, got none");
}
