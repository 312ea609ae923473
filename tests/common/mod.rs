//! What several test binaries need: the devices to test on.
#![allow(dead_code, reason = "not every test binary uses everything")]

use std::sync::OnceLock;

use embag::kernel::Shape;
use embag::{Context, ContextOptions};

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

/// The CPU and, if there is one, the GPU.
pub(crate) fn devices() -> Vec<Context> {
    devices_with(&ContextOptions::new())
}

/// [`devices`] with options.
pub(crate) fn devices_with(options: &ContextOptions) -> Vec<Context> {
    let cpu = Context::cpu_with(options).expect("the CPU context takes these options");
    std::iter::once(cpu).chain(gpu_with(options)).collect()
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

/// Device and shape, for messages.
pub(crate) fn name_of(ctx: &Context) -> String {
    format!("{} {:?}", ctx.device_name(), ctx.shape())
}
