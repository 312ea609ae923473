//! After a device is lost every call says so.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use embag::optim::Sgd;
use embag::{
    Buffer, DeviceBatch, EmbeddingBags, Error, Matrix, Pooling, Recorder, Result, Submission, Table,
};

#[track_caller]
fn assert_lost<T>(what: &str, result: Result<T>) {
    match result {
        Ok(_) => panic!("{what} works on a device that was destroyed"),
        Err(error) => assert!(matches!(error, Error::DeviceLost { .. }), "{what}: {error}"),
    }
}

#[test]
fn every_call_says_that_the_device_is_lost() {
    let Some(ctx) = common::gpu() else { return };
    let build = || {
        EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(10).dim(4))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd::default())
            .build()
    };
    let mut bags = build().unwrap();
    let batch = bags.batch().feature("f", &[1u32, 2]).build().unwrap();
    let pooled = bags.forward(&batch).unwrap();
    let mut rec = Recorder::new(&ctx);
    let readback = rec.readback::<f32>(pooled.buffer());
    let submission = rec.submit().unwrap();
    submission.wait().unwrap();
    ctx.check_alive().unwrap();
    ctx.wgpu().unwrap().0.destroy();
    assert_lost("check_alive", ctx.check_alive());

    // what was read before is here
    assert_eq!(readback.wait().unwrap().len(), 8);
    assert_lost("download", bags.download("t"));
    assert_lost("read_row", bags.read_row("t", 1));
    assert_lost("batch", bags.batch().feature("f", &[1u32, 2]).build());
    assert_lost("forward", bags.forward(&batch));
    assert_lost("backward", bags.backward(&batch, &pooled));
    assert_lost("build", build());
    assert_lost("from_slice", Buffer::from_slice(&ctx, &[1u32; 4]));
    assert_lost("to_vec", pooled.to_vec(&ctx));
    assert_lost("an empty recorder", Recorder::new(&ctx).run());
    assert_lost("warm_up", ctx.warm_up());
    // what only hands work over may notice it, and the call that waits for it does
    for result in [bags.write_row("t", 1, &[1.0; 4]), Matrix::zeros(&ctx, 2, 2).map(drop)] {
        assert!(matches!(result, Ok(()) | Err(Error::DeviceLost { .. })), "{result:?}");
    }
}

#[test]
fn work_that_the_lost_device_had_says_so_within_a_second() {
    type Wait = fn(Submission) -> Result<()>;
    let waits: [(&str, Wait); 3] = [
        ("wait", Submission::wait),
        ("poll", |submission| {
            while !submission.poll()? {
                std::thread::yield_now();
            }
            Ok(())
        }),
        ("the future", |submission| pollster::block_on(submission)),
    ];
    for (what, wait) in waits {
        for checked in [true, false] {
            let Some(ctx) = common::gpu() else { return };
            let bags = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(20_000).dim(64))
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            let mut rec = Recorder::new(&ctx);
            let ids: Vec<u32> = (0..400_000).map(|i| i * 7919 % 20_000).collect();
            let batch = if checked {
                let ids = Buffer::from_slice(&ctx, &ids).unwrap();
                let lengths = Buffer::from_slice(&ctx, &[100u32; 4000]).unwrap();
                bags.batch_from_device(&mut rec, DeviceBatch::from_lengths(4000, ids, lengths)).unwrap()
            } else {
                bags.batch_from_lengths(&ids, &[100; 4000], None).unwrap()
            };
            let out = Matrix::zeros(&ctx, 4000, 64).unwrap();
            for _ in 0..3 {
                bags.record_forward(&mut rec, &batch, &out).unwrap();
            }
            let readback = rec.readback::<f32>(out.buffer());
            let start = Instant::now();
            bags.forward(&bags.batch_from_lengths(&ids, &[100; 4000], None).unwrap()).unwrap();
            let one_forward = start.elapsed();
            let submission = rec.submit().unwrap();
            let device = ctx.wgpu().unwrap().0;
            device.destroy();
            let (start, done) = (Instant::now(), AtomicBool::new(false));
            let result = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) && start.elapsed() < Duration::from_secs(100) {
                        // it may say that the device is lost
                        let _ = device.poll(wgpu::PollType::Poll);
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                let result = wait(submission);
                let took = start.elapsed();
                done.store(true, Ordering::Relaxed);
                // a software device goes on with what it has begun
                let most = Duration::from_secs(1) + 4 * one_forward;
                assert!(took < most, "{what} took {took:?}, one forward {one_forward:?}");
                result
            });
            // the device may have been done
            if let Err(error) = result {
                assert!(matches!(error, Error::DeviceLost { .. }), "{what}, checked {checked}: {error}");
            }
            match readback.wait() {
                Ok(values) => assert_eq!(values.len(), 4000 * 64),
                Err(error) => assert!(matches!(error, Error::DeviceLost { .. }), "{what}: {error}"),
            }
        }
    }
}
