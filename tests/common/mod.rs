//! What several test binaries need: the devices to test on.
#![allow(dead_code, reason = "not every test binary uses everything")]

use std::sync::OnceLock;

use approx::relative_eq;
use embag::Shape;
use embag::{Context, ContextOptions, Lookup, Matrix, Precision, Recorder, Result};

/// The GPU context, or `None` with one loud line if there is no adapter and none is required.
pub(crate) fn gpu() -> Option<Context> {
    gpu_with(&ContextOptions::new())
}

/// [`gpu`] with options.
pub(crate) fn gpu_with(options: &ContextOptions) -> Option<Context> {
    match Context::open_with(options) {
        Ok(ctx) => Some(ctx),
        Err(error) if std::env::var_os("EMBAG_REQUIRE_ADAPTER").is_some() => {
            panic!("EMBAG_REQUIRE_ADAPTER is set, but: {error}")
        }
        Err(error) => {
            eprintln!("*** NO GPU: only the CPU half of these tests runs ({error}) ***");
            None
        }
    }
}

/// The outputs of all features side by side in another precision, of `rows` examples.
pub(crate) fn forward_in<T: Lookup>(
    tables: &T,
    batch: &T::Batch,
    rows: usize,
    precision: Precision,
) -> Result<Matrix> {
    let ctx = tables.context();
    let out = Matrix::zeros_of(precision, ctx, rows, tables.output_cols())?;
    let mut rec = Recorder::new(ctx);
    tables.record_forward(&mut rec, batch, &out)?;
    rec.run()?;
    Ok(out)
}

/// The CPU and, if there is one, the GPU.
pub(crate) fn devices() -> Vec<Context> {
    devices_with(&ContextOptions::new())
}

/// [`devices`] with options.
pub(crate) fn devices_with(options: &ContextOptions) -> Vec<Context> {
    let cpu = Context::cpu_with(options).expect("the CPU context takes these options");
    std::iter::once(cpu).chain(gpu_with(options)).collect()
}

/// A value with something changed.
pub(crate) fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

/// How many times more random cases than usual are wanted.
pub(crate) fn case_factor() -> u32 {
    std::env::var("EMBAG_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// The GPU with either shape of kernels; empty without a GPU. Opened once for a test binary.
pub(crate) fn gpu_shapes() -> &'static [Context] {
    static SHAPES: OnceLock<Vec<Context>> = OnceLock::new();
    SHAPES.get_or_init(|| gpu_shapes_with(&ContextOptions::new()))
}

/// [`gpu_shapes`] with options; opened anew.
pub(crate) fn gpu_shapes_with(options: &ContextOptions) -> Vec<Context> {
    let open = |shape| gpu_with(&options.clone().shape(shape));
    [Shape::Wide, Shape::Serial].into_iter().filter_map(open).collect()
}

/// Whether a device rounds every operation by itself, so that its results are the CPU's to the bit. Real GPUs
/// contract products with sums, and their division is a few units off.
pub(crate) fn is_exact(ctx: &Context) -> bool {
    ctx.adapter_info().is_none_or(|info| info.device_type == wgpu::DeviceType::Cpu)
}

/// Whether it is an adapter that is no hardware, for which loops must be short.
pub(crate) fn is_software(ctx: &Context) -> bool {
    ctx.adapter_info().is_some_and(|info| info.device_type == wgpu::DeviceType::Cpu)
}

/// Those of the devices whose results are the CPU's to the bit, for tests of what rounding decides.
pub(crate) fn exact(devices: impl IntoIterator<Item = Context>) -> Vec<Context> {
    let (exact, others): (Vec<_>, Vec<_>) = devices.into_iter().partition(is_exact);
    for ctx in others {
        eprintln!("*** left out: {} rounds in its own way ***", name_of(&ctx));
    }
    exact
}

/// Device and shape, for messages.
pub(crate) fn name_of(ctx: &Context) -> String {
    format!("{} {:?}", ctx.device_name(), ctx.shape())
}

/// The same bits everywhere, any NaN included.
#[track_caller]
pub(crate) fn assert_bits(what: &str, got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    let wrong = got.iter().zip(expected).position(|(g, e)| g.to_bits() != e.to_bits());
    if let Some(i) = wrong {
        let count = got.iter().zip(expected).filter(|(g, e)| g.to_bits() != e.to_bits()).count();
        panic!("{what}[{i}]: expected {:e}, got {:e} ({count} differ)", expected[i], got[i]);
    }
}

/// [`approx::relative_eq`] for each value: within the tolerance, or within that part of the value.
#[track_caller]
pub(crate) fn assert_close(what: &str, got: &[f32], expected: &[impl Copy + Into<f64>], tolerance: f64) {
    assert_close_at(1.0, what, got, expected, tolerance);
}

/// [`assert_close`] for values whose differences count as parts of `scale`, if they are smaller than that.
#[track_caller]
pub(crate) fn assert_close_at(
    scale: f64,
    what: &str,
    got: &[f32],
    expected: &[impl Copy + Into<f64>],
    tolerance: f64,
) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let (got, expected) = (f64::from(got), expected.into());
        let close = relative_eq!(got, expected, epsilon = tolerance * scale, max_relative = tolerance);
        assert!(close, "{what}[{i}]: expected {expected:e}, got {got:e}");
    }
}

/// The same bits where the device rounds as the CPU does; elsewhere nearly the same values, NaN where NaN is
/// expected.
#[track_caller]
pub(crate) fn assert_agrees(ctx: &Context, what: &str, got: &[f32], expected: &[f32]) {
    if is_exact(ctx) {
        return assert_bits(what, got, expected);
    }
    assert_eq!(got.len(), expected.len(), "{what}: length");
    for (i, (&g, &e)) in got.iter().zip(expected).enumerate() {
        let near =
            relative_eq!(g, e, epsilon = CONTRACTED, max_relative = CONTRACTED) || (g.is_nan() && e.is_nan());
        assert!(near, "{what}[{i}]: expected about {e:e}, got {g:e}");
    }
}

/// What contraction may change in a few steps of training with values of about one.
const CONTRACTED: f32 = 1e-4;
