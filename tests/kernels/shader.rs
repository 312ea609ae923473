//! Shader variants as a compiler sees them, for the tests that look into every one of them.
#![allow(dead_code, reason = "not every test binary uses everything")]

use std::collections::BTreeMap;

use embag::kernel::{Kernel, Variant};
use embag::kernels;
use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

/// The entry point of every shader.
pub(crate) const ENTRY: &str = "main";

/// Every variant of every kernel.
pub(crate) fn all() -> impl Iterator<Item = (&'static Kernel, &'static Variant)> {
    kernels::ALL.iter().flat_map(|&kernel| kernel.variants.iter().map(move |variant| (kernel, variant)))
}

/// `kernel.variant`.
pub(crate) fn name(kernel: &Kernel, variant: &Variant) -> String {
    format!("{}.{}", kernel.name, variant.name)
}

/// The source that the pipelines are built from.
pub(crate) fn source(kernel: &Kernel, variant: &Variant) -> String {
    kernel.source(variant, 0)
}

/// The source with every read-only binding declared as it is when it shares a buffer with a written one.
pub(crate) fn aliased(kernel: &Kernel, variant: &Variant) -> String {
    kernel.source(variant, u32::MAX)
}

/// The values of a variant's overrides; its flags ask for all there is.
pub(crate) fn constants(kernel: &Kernel, variant: &Variant) -> BTreeMap<&'static str, u32> {
    kernel.overrides(variant, u32::MAX).collect()
}

/// Parses and validates with the optional capabilities that the source enables; a default device has none.
pub(crate) fn compile(source: &str) -> Result<(Module, ModuleInfo), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    let info = validator(source).validate(&module).map_err(|error| error.emit_to_string(source))?;
    Ok((module, info))
}

/// Puts values in the place of overrides, and leaves out what the entry point does not use.
pub(crate) fn resolve(
    module: &Module,
    info: &ModuleInfo,
    constants: &BTreeMap<&str, u32>,
) -> Result<(Module, ModuleInfo), String> {
    let values = constants.iter().map(|(&name, &value)| (name.to_owned(), f64::from(value))).collect();
    let (module, info) = process_overrides(module, info, Some((ShaderStage::Compute, ENTRY)), &values)
        .map_err(|error| error.to_string())?;
    Ok((module.into_owned(), info.into_owned()))
}

fn validator(source: &str) -> Validator {
    let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    capabilities.set(Capabilities::SUBGROUP, source.contains("@builtin(subgroup_id)"));
    let enables = |name: &str| source.lines().any(|line| line == format!("enable {name};"));
    capabilities.set(Capabilities::SHADER_FLOAT16, enables("f16"));
    capabilities.set(Capabilities::COOPERATIVE_MATRIX, enables("wgpu_cooperative_matrix"));
    Validator::new(ValidationFlags::all(), capabilities)
}
