//! Every shader variant through naga: parsed, validated, and translated for Vulkan, DX12 and Metal. Also
//! writes the variants to files for Tint, the other compiler of the standard (`scripts/check-wgsl`).

use std::fs;
use std::path::{Path, PathBuf};

use embag::kernel::Access;
use naga::back::{hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{Module, ShaderStage};

use crate::shader;
use crate::spirv::{self, BRANCH_CONDITIONAL, CALL, FUNCTION, LABEL, NAME, SWITCH};

/// Where `scripts/check-wgsl` looks: the `wgsl` folder of the target directory.
fn folder() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder =
        tmp.parent().expect("the folder for temporary files lies in the target directory").join("wgsl");
    fs::create_dir_all(&folder).expect("the target directory can be written to");
    folder
}

#[test]
fn every_variant_translates() {
    let folder = folder();
    let mut failures = Vec::new();
    for (kernel, variant) in shader::all() {
        let constants = shader::constants(kernel, variant);
        let values: Vec<_> = constants.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let source = shader::source(kernel, variant);
        for (form, source) in [("", source.clone()), (".aliased", shader::aliased(kernel, variant))] {
            let name = format!("{}{form}", shader::name(kernel, variant));
            // Written first, so that the lines of an error can be looked up.
            let file = folder.join(format!("{name}.wgsl"));
            let needs = if variant.needs_subgroups() { "// needs: subgroups\n" } else { "" };
            let text = format!("{needs}// constants: {{{}}}\n{source}", values.join(", "));
            if !variant.needs_cooperative() {
                // nothing but naga knows the extension
                fs::write(&file, text).expect("the target directory can be written to");
            }
            let translated = shader::compile(&source)
                .and_then(|(module, info)| shader::resolve(&module, &info, &constants))
                .and_then(|(module, info)| translate(&module, &info, variant.needs_cooperative()));
            if let Err(error) = translated {
                failures.push(format!("{}, one line further down: {error}", file.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn aliasing_leaves_no_binding_read_only() {
    // The rewrite is textual: a binding that is spelled in another way would be missed.
    for (kernel, variant) in shader::all() {
        let source = shader::aliased(kernel, variant);
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let spaceless: String = code.split_whitespace().collect();
        let name = shader::name(kernel, variant);
        assert!(!spaceless.contains("var<storage,read>"), "{name}: a binding stays read only:\n{source}");
        let reads = kernel.interface.bindings.iter().filter(|binding| binding.access == Access::Read).count();
        assert_eq!(
            source != shader::source(kernel, variant),
            reads > 0,
            "{name}: {reads} bindings are read only"
        );
    }
}

#[test]
fn a_planted_fault_is_found() {
    for (kernel, variant) in shader::all() {
        let name = shader::name(kernel, variant);
        let source = shader::source(kernel, variant);
        let no_type = source.replacen(": u32", ": u33", 1);
        assert!(shader::compile(&no_type).is_err(), "{name}: an unknown type passed");
        let (module, info) = shader::compile(&source).expect("another test says why not");
        let no_value = shader::resolve(&module, &info, &std::collections::BTreeMap::new());
        assert!(no_value.is_err(), "{name}: an override without a value passed");
        assert!(
            translate(&module, &info, variant.needs_cooperative()).is_err(),
            "{name}: an override was translated"
        );
    }
}

/// Writes SPIR-V, HLSL and MSL with the checks that wgpu turns on.
fn translate(module: &Module, info: &ModuleInfo, cooperative: bool) -> Result<(), String> {
    let checks = BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        buffer: BoundsCheckPolicy::Restrict,
        ..BoundsCheckPolicies::default()
    };

    let options = spv::Options { bounds_check_policies: checks, ..spv::Options::default() };
    let words = spv::write_vec(module, info, &options, None).map_err(|error| format!("SPIR-V: {error}"))?;
    if words.first() != Some(&0x0723_0203) {
        return Err("SPIR-V: no magic number".to_owned());
    }
    if cooperative {
        // which is for Vulkan alone
        return Ok(());
    }

    let (options, mut text) = (hlsl::Options::default(), String::new());
    let pipeline =
        hlsl::PipelineOptions { entry_point: Some((ShaderStage::Compute, shader::ENTRY.to_owned())) };
    let written = hlsl::Writer::new(&mut text, &options, &pipeline)
        .write(module, info, None)
        .map_err(|error| format!("HLSL: {error}"))?;
    let entries: Result<Vec<_>, _> = written.entry_point_names.into_iter().collect();
    holds_entry("HLSL", &text, "void ", &entries.map_err(|error| format!("HLSL: {error}"))?)?;

    let options = msl::Options { bounds_check_policies: checks, ..msl::Options::default() };
    let (text, written) = msl::write_string(module, info, &options, &msl::PipelineOptions::default())
        .map_err(|error| format!("MSL: {error}"))?;
    let entries: Result<Vec<_>, _> = written.entry_point_names.into_iter().collect();
    holds_entry("MSL", &text, "kernel void ", &entries.map_err(|error| format!("MSL: {error}"))?)
}

fn holds_entry(language: &str, text: &str, before: &str, entries: &[String]) -> Result<(), String> {
    match entries {
        [entry] if text.contains(&format!("{before}{entry}(")) => Ok(()),
        _ => Err(format!("{language}: no entry point among {entries:?} in\n{text}")),
    }
}

/// Loop counters that naga adds to bound loops, in SPIR-V by these checks.
fn bounded_loops(module: &Module, info: &ModuleInfo, checks: wgpu::ShaderRuntimeChecks) -> usize {
    let options = spv::Options {
        flags: spv::WriterFlags::DEBUG,
        force_loop_bounding: checks.force_loop_bounding,
        ..spv::Options::default()
    };
    let words = spv::write_vec(module, info, &options, None).expect("another test says why not");
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let name = b"loop_bound\0";
    bytes.windows(name.len()).filter(|window| window == name).count()
}

#[test]
fn loops_are_as_they_are_written() {
    let ours = embag::Context::shader_checks();
    let mut loops = 0;
    for (kernel, variant) in shader::all() {
        let source = shader::source(kernel, variant);
        let (module, info) = shader::compile(&source).expect("another test says why not");
        let (module, info) = shader::resolve(&module, &info, &shader::constants(kernel, variant))
            .expect("another test says why not");
        assert_eq!(bounded_loops(&module, &info, ours), 0, "{}", shader::name(kernel, variant));
        // what finds them finds them
        let bounded = bounded_loops(&module, &info, wgpu::ShaderRuntimeChecks::checked());
        assert!(bounded > 0 || !source.contains("for ("), "{}", shader::name(kernel, variant));
        loops += bounded;
    }
    assert!(loops > 500, "{loops}");
}

/// The most calls of a function in one block of SPIR-V, if the function has no branches itself: what it loads
/// is on its way at the same time then.
fn calls_in_a_block(module: &Module, info: &ModuleInfo, function: &str) -> Option<usize> {
    let words = spirv::written(module, info, BoundsCheckPolicy::Restrict);
    let (mut called, mut inside, mut branches, mut calls, mut most) = (None, 0, 0, 0, 0);
    for (code, words) in spirv::instructions(&words) {
        match code {
            NAME if spirv::text(&words[2..]) == function => called = Some(words[1]),
            FUNCTION => inside = words[2],
            LABEL => calls = 0,
            BRANCH_CONDITIONAL | SWITCH => branches += usize::from(Some(inside) == called),
            CALL if Some(words[3]) == called => calls += 1,
            _ => {}
        }
        most = most.max(calls);
    }
    (branches == 0).then_some(most)
}

#[test]
fn four_loads_are_on_their_way_at_a_time() {
    for (wanted, function, least) in [
        // of two rows each
        ("bag_forward.vec4.rows4.threads64", "load_two", 2),
        ("bag_forward.vec4.rows8.threads256", "load_two", 4),
        ("segment_partials.vec4", "load_grad", 4),
        ("row_update.sgd.vec4.wide", "load_grad", 4),
        ("segment_gradient.vec4.wide", "load_grad", 4),
        ("chunk_forward.vec4.wide", "load_store", 4),
        ("chunk_forward.vec4.halves.wide", "load_store", 4),
        // what finds them finds where there are fewer
        ("bag_forward.vec4.rows2.threads64", "load_two", 0),
        ("bag_forward.vec4.serial", "load_rows", 0),
        ("chunk_forward.vec4.serial4", "load_store", 0),
    ] {
        let found = shader::all().find(|(kernel, variant)| shader::name(kernel, variant) == wanted);
        let (kernel, variant) = found.unwrap_or_else(|| panic!("no variant {wanted}"));
        let (module, info) =
            shader::compile(&shader::source(kernel, variant)).expect("another test says why not");
        let (module, info) = shader::resolve(&module, &info, &shader::constants(kernel, variant))
            .expect("another test says why not");
        let calls = calls_in_a_block(&module, &info, function).unwrap_or_else(|| panic!("{wanted} branches"));
        match least {
            0 => assert!(calls < 2, "{wanted}: {calls}"),
            _ => assert!(calls >= least, "{wanted}: {calls} loads in a block"),
        }
    }
}
