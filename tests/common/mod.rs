//! What several test binaries need: the devices to test on.
#![allow(dead_code, reason = "not every test binary uses everything")]

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
