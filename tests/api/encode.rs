//! Work in the caller's encoder, and submissions that are asked rather than waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use embag::chunked::ChunkedTables;
use embag::optim::{Adam, Sgd};
use embag::{
    Buffer, Context, DeviceBatch, EmbeddingBags, Encoded, Error, Matrix, Pooling, Recorder, Submission, Table,
};

use crate::common;

fn adam_bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(100).dim(8))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Adam::default())
        .seed(3)
        .build()
        .unwrap()
}

/// A forward and a backward, of bags that share rows.
fn record_step(bags: &mut EmbeddingBags, step: u32) -> (Recorder, Matrix) {
    let ctx = bags.context().clone();
    let ids: Vec<u32> = (0..60).map(|i| (i * 7 + step * 13) % 40).collect();
    let batch = bags.batch().bags("f", &ids, &[20u32; 3]).build().unwrap();
    let out = Matrix::zeros(&ctx, 3, 8).unwrap();
    let grad = Matrix::from_slice(&ctx, &[0.25 + step as f32; 24], 3, 8).unwrap();
    let mut rec = Recorder::new(&ctx);
    bags.record_forward(&mut rec, &batch, &out).unwrap();
    bags.record_backward(&mut rec, &batch, &grad).unwrap();
    (rec, out)
}

fn encode(ctx: &Context, rec: Recorder) -> (Encoded, wgpu::CommandBuffer) {
    let (device, _) = ctx.wgpu().unwrap();
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let encoded = rec.encode(&mut encoder).unwrap();
    (encoded, encoder.finish())
}

#[test]
fn three_encodings_that_wait_give_the_bits_of_submissions() {
    let Some(ctx) = common::gpu() else { return };
    let mut expected = adam_bags(&ctx);
    let mut outputs = Vec::new();
    for step in 0..3 {
        let (rec, out) = record_step(&mut expected, step);
        rec.run().unwrap();
        outputs.push(out.to_vec(&ctx).unwrap());
    }

    let mut bags = adam_bags(&ctx);
    let first_values = bags.download("t").unwrap();
    let mut pending = Vec::new();
    for step in 0..3 {
        let (rec, out) = record_step(&mut bags, step);
        let (encoded, commands) = encode(&ctx, rec);
        pending.push((encoded, commands, out));
    }
    // nothing has happened yet
    assert_eq!(bags.download("t").unwrap(), first_values);
    for (_, _, out) in &pending {
        assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 24]);
    }
    for ((encoded, commands, out), expected) in pending.into_iter().zip(&outputs) {
        let index = ctx.wgpu().unwrap().1.submit([commands]);
        encoded.submitted(index).wait().unwrap();
        assert_eq!(&out.to_vec(&ctx).unwrap(), expected);
    }
    assert_eq!(bags.download("t").unwrap(), expected.download("t").unwrap());
    assert_ne!(bags.download("t").unwrap(), first_values);
}

#[test]
fn encodings_of_one_submission_share_no_memory() {
    let Some(ctx) = common::gpu() else { return };
    let (mut expected, mut bags) = (adam_bags(&ctx), adam_bags(&ctx));
    for step in 0..3 {
        record_step(&mut expected, step).0.run().unwrap();
    }
    let (encoded, commands): (Vec<_>, Vec<_>) =
        (0..3).map(|step| encode(&ctx, record_step(&mut bags, step).0)).unzip();
    let index = ctx.wgpu().unwrap().1.submit(commands);
    for encoded in encoded {
        encoded.submitted(index.clone()).wait().unwrap();
    }
    assert_eq!(bags.download("t").unwrap(), expected.download("t").unwrap());
}

#[test]
fn readbacks_arrive_with_the_callers_submission() {
    let Some(ctx) = common::gpu() else { return };
    let buffer = Buffer::from_slice(&ctx, &[1u32, 2, 3]).unwrap();
    let mut rec = Recorder::new(&ctx);
    let readback = rec.readback::<u32>(&buffer);
    let unsubmitted = rec.readback::<u32>(&buffer);
    let (encoded, commands) = encode(&ctx, rec);
    assert_eq!(
        unsubmitted.wait().unwrap_err().to_string(),
        "readback: expected a submitted recorder, got one that was never submitted"
    );
    buffer.write(&ctx, 4, &[7u32]).unwrap();
    let index = ctx.wgpu().unwrap().1.submit([commands]);
    let submission = encoded.submitted(index);
    assert_eq!(readback.wait().unwrap(), [1, 7, 3]);
    submission.wait().unwrap();
}

#[test]
fn an_encoder_is_for_a_gpu() {
    let Some(gpu) = common::gpu() else { return };
    let (device, queue) = gpu.wgpu().unwrap();
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let error = Recorder::new(&Context::cpu()).encode(&mut encoder).unwrap_err();
    assert_eq!(error.to_string(), "context: expected a GPU context, to encode for, got the CPU context");
    // what is refused leaves the encoder as it was
    let mut rec = Recorder::new(&gpu);
    rec.clear(&Buffer::from_slice(&Context::cpu(), &[1u32]).unwrap());
    let error = rec.encode(&mut encoder).unwrap_err();
    assert_eq!(error.to_string(), "target belongs to another context");
    queue.submit([encoder.finish()]);
}

#[test]
fn memory_of_a_dropped_encoding_serves_nothing_else() {
    let Some(ctx) = common::gpu() else { return };
    let (mut expected, mut bags) = (adam_bags(&ctx), adam_bags(&ctx));
    let (encoded, commands) = encode(&ctx, record_step(&mut bags, 0).0);
    drop(encoded);
    // this would take the scratch memory of the encoding
    record_step(&mut expected, 0).0.run().unwrap();
    ctx.wgpu().unwrap().1.submit([commands]);
    assert_eq!(bags.download("t").unwrap(), expected.download("t").unwrap());
    ctx.release_scratch();
    assert_eq!(ctx.scratch_bytes(), 0, "it is not counted either");
}

/// Ids that lie on the device, of which one is no row.
fn bad_batch(bags: &EmbeddingBags, rec: &mut Recorder) -> Matrix {
    let ctx = bags.context().clone();
    let ids = Buffer::from_slice(&ctx, &[3u32, 400, 5]).unwrap();
    let given = DeviceBatch::from_lengths(3, ids, Buffer::from_slice(&ctx, &[1u32; 3]).unwrap());
    let batch = bags.batch_from_device(rec, given).unwrap();
    let out = Matrix::zeros(&ctx, 3, 8).unwrap();
    bags.record_forward(rec, &batch, &out).unwrap();
    out
}

const BAD: &str = "feature \"f\", example 1, position 1: id 400 out of range for 100 rows";

#[test]
fn bad_ids_show_without_waiting() {
    for ctx in common::devices() {
        let bags = adam_bags(&ctx);
        let mut rec = Recorder::new(&ctx);
        let out = bad_batch(&bags, &mut rec);
        let readback = rec.readback::<f32>(out.buffer());
        let submission = rec.submit().unwrap();
        assert_eq!(polled(&submission).unwrap_err().to_string(), BAD);
        // as often as one asks, whoever does
        assert_eq!(submission.poll().unwrap_err().to_string(), BAD);
        assert_eq!(readback.wait().unwrap_err().to_string(), BAD);
        assert_eq!(submission.wait().unwrap_err().to_string(), BAD);
        assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 24]);
    }
}

#[test]
fn bad_ids_of_an_encoding_show_too() {
    let Some(ctx) = common::gpu() else { return };
    let bags = adam_bags(&ctx);
    let mut rec = Recorder::new(&ctx);
    let out = bad_batch(&bags, &mut rec);
    let (encoded, commands) = encode(&ctx, rec);
    let index = ctx.wgpu().unwrap().1.submit([commands]);
    assert_eq!(polled(&encoded.submitted(index)).unwrap_err().to_string(), BAD);
    assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 24]);
}

/// Asks until there is an answer.
fn polled(submission: &Submission) -> embag::Result<()> {
    let start = Instant::now();
    while !submission.poll()? {
        assert!(start.elapsed() < Duration::from_secs(60), "it never ends");
        std::thread::yield_now();
    }
    Ok(())
}

#[test]
fn a_poll_comes_back_before_the_work_is_done() {
    let Some(ctx) = common::gpu() else { return };
    let bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(20_000).dim(64))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    let ids: Vec<u32> = (0..400_000).map(|i| i * 7919 % 20_000).collect();
    let batch = bags.batch().bags("f", &ids, &[100u32; 4000]).build().unwrap();
    let out = Matrix::zeros(&ctx, 4000, 64).unwrap();
    bags.forward(&batch).unwrap();
    let mut rec = Recorder::new(&ctx);
    for _ in 0..20 {
        bags.record_forward(&mut rec, &batch, &out).unwrap();
    }
    let start = Instant::now();
    let submission = rec.submit().unwrap();
    let (first, asked) = (submission.poll().unwrap(), start.elapsed());
    polled(&submission).unwrap();
    let whole = start.elapsed();
    assert!(!first && asked < whole / 2, "asked within {asked:?} of {whole:?}: {first}");
    assert!(submission.poll().unwrap());
    submission.wait().unwrap();
}

#[test]
fn several_threads_may_poll_one_device() {
    let Some(ctx) = common::gpu() else { return };
    let from = Buffer::from_slice(&ctx, &[7u32; 64]).unwrap();
    let to = Buffer::from_slice(&ctx, &[9u32; 64]).unwrap();
    for _ in 0..2000 {
        let mut rec = Recorder::new(&ctx);
        rec.copy(&from, &to).unwrap();
        let submission = &rec.submit().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || polled(submission).unwrap());
            }
        });
    }
    let mut rec = Recorder::new(&ctx);
    rec.copy(&from, &to).unwrap();
    rec.submit().unwrap().wait_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(to.read::<u32>(&ctx).unwrap(), [7; 64]);
}

#[test]
fn a_submission_is_a_future() {
    for ctx in common::devices() {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // the thread that an application has for this
            if let Some((device, _)) = ctx.wgpu() {
                let done = &done;
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        device.poll(wgpu::PollType::Poll).unwrap();
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
            }
            let mut bags = adam_bags(&ctx);
            let (good, _) = record_step(&mut bags, 0);
            let result = pollster::block_on(good.submit().unwrap());
            let mut bad = Recorder::new(&ctx);
            bad_batch(&bags, &mut bad);
            let error = pollster::block_on(bad.submit().unwrap());
            done.store(true, Ordering::Relaxed);
            result.unwrap();
            assert_eq!(error.unwrap_err().to_string(), BAD);
        });
    }
}

#[test]
fn an_encoding_that_is_submitted_too_late_says_so() {
    let Some(ctx) = common::gpu() else { return };
    let mut tables = ChunkedTables::builder(&ctx)
        .table("t", 64, 8)
        .chunk_width(4)
        .slots(64)
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd::default())
        .build()
        .unwrap();
    let batch = tables.admit_from_lengths(&[7, 8, 9], &[2, 1]).unwrap();
    let out = Matrix::zeros(&ctx, 2, 8).unwrap();
    let mut rec = Recorder::new(&ctx);
    tables.record_forward(&mut rec, &batch, &out).unwrap();
    let (encoded, commands) = encode(&ctx, rec);
    tables.adjust(0.5, 1.0).unwrap();
    let index = ctx.wgpu().unwrap().1.submit([commands]);
    let error = encoded.submitted(index).wait().unwrap_err();
    assert!(matches!(error, Error::Stale { .. }), "{error}");
}
