//! Every shader variant becomes a pipeline through the crate's own path, on wgpu's device that does nothing:
//! all of wgpu's validation, no adapter.

use embag::Shape;
use embag::{Context, ContextOptions};

#[test]
fn every_variant_builds_on_a_default_device() {
    for shape in [Shape::Any, Shape::Wide, Shape::Serial] {
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        assert_eq!(device.features(), wgpu::Features::empty(), "a default device has no optional feature");
        let ctx = Context::from_wgpu_with(device, queue, &ContextOptions::new().shape(shape))
            .expect("a default device is enough");
        assert_eq!(ctx.shape(), shape);
        if let Err(error) = ctx.warm_up() {
            panic!("{shape:?}: {error}");
        }
    }
}

#[test]
fn a_device_that_is_too_small_is_found() {
    // else the test above would show nothing. (wgpu 30 does not compare workgroups that come from overrides,
    // nor their memory, with the limits: layout.rs does.)
    let required_limits = wgpu::Limits { max_bind_groups: 1, ..wgpu::Limits::default() };
    let (device, queue) =
        wgpu::Device::noop(&wgpu::DeviceDescriptor { required_limits, ..wgpu::DeviceDescriptor::default() });
    let ctx = Context::from_wgpu(device, queue).expect("bind groups are looked at when pipelines are built");
    let error = ctx.warm_up().expect_err("kernels have two bind groups").to_string();
    assert!(error.contains("embag."), "the message names the pipeline: {error}");
}

#[test]
fn too_few_storage_buffers_are_an_error() {
    let required_limits = wgpu::Limits { max_storage_buffers_per_shader_stage: 6, ..wgpu::Limits::default() };
    let (device, queue) =
        wgpu::Device::noop(&wgpu::DeviceDescriptor { required_limits, ..wgpu::DeviceDescriptor::default() });
    let error = Context::from_wgpu(device, queue).expect_err("six are too few").to_string();
    assert!(error.contains("at least 7") && error.contains("got 6"), "{error}");
}
