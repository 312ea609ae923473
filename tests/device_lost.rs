//! After a device is lost every call says so.

mod common;

use embag::optim::Sgd;
use embag::{Buffer, EmbeddingBags, Error, Matrix, Pooling, Recorder, Result, Table};

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
    ctx.wgpu().unwrap().0.destroy();

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
