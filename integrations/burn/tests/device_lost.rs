//! After burn's device is lost every call says so; it takes a process of its own.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use embag::optim::Sgd;
use embag::{Error, Pooling, Table};
use embag_burn::EmbeddingBags;

#[test]
fn a_destroyed_device_is_an_error_within_a_second() {
    let (device, setup) = Device::wgpu_options().init_with_setup().expect("a wgpu device");
    let ctx = embag_burn::join(&device, &setup).unwrap();
    assert!(embag_burn::join(&device, &setup).unwrap() == ctx, "a device has one context");
    let device = device.autodiff();
    let bags = embag::EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(10).dim(4))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd::default())
        .build()
        .unwrap();
    let layer = EmbeddingBags::new(bags, &device).unwrap();
    let batch = layer.batches().batch().feature("f", &[1u32, 2]).build().unwrap();
    drop(layer.forward(&batch).unwrap().sum().backward());
    layer.wait().unwrap();

    setup.device.destroy();
    let start = Instant::now();
    let lost =
        |what: &str, error: Error| assert!(matches!(error, Error::DeviceLost { .. }), "{what}: {error}");
    lost("step", layer.step(0.1).unwrap_err());
    lost("forward", layer.forward(&batch).unwrap_err());
    lost("batch", layer.batches().batch().feature("f", &[1u32]).build().unwrap_err());
    let file = std::env::temp_dir().join("embag-burn-never-written");
    lost("save", layer.save_tables(&file).unwrap_err());
    assert!(!file.exists());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
