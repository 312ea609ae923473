//! What a shader declares, held against what Rust says: bindings, parameters, overrides, shared structs,
//! budgets.

use std::collections::{BTreeMap, BTreeSet};

use embag::kernel::{Access, Binding, Kernel, StructLayout};
use naga::compact::{KeepUnused, compact};
use naga::proc::Layouter;
use naga::{AddressSpace, Handle, Module, StorageAccess, Type, TypeInner};

use crate::shader;

/// Metal takes one of the default eight for itself.
const MOST_STORAGE_BUFFERS: usize = 7;
/// The limits of a default device.
const MOST_WORKGROUP_BYTES: u32 = 16_384;
const MOST_THREADS: u32 = 256;
/// Slots in the uniform arena.
const MOST_PARAMS_BYTES: usize = 256;

#[test]
fn every_variant_is_as_rust_says() {
    let mut failures = Vec::new();
    for (kernel, variant) in shader::all() {
        let name = shader::name(kernel, variant);
        let found = faults(kernel, &shader::source(kernel, variant), &shader::constants(kernel, variant));
        failures.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// Everything about a source that is not as the kernel's entry says.
fn faults(kernel: &Kernel, source: &str, constants: &BTreeMap<&str, u32>) -> Vec<String> {
    let (module, info) = match shader::compile(source) {
        Ok(compiled) => compiled,
        Err(error) => return vec![error],
    };
    let mut faults = Vec::new();
    faults.extend(
        source
            .lines()
            .filter(|line| line.trim_start().starts_with("enable "))
            .skip(match source.lines().next() {
                Some("// file: shaders/prelude/enable_f16.wgsl") => 1,
                Some("// file: shaders/prelude/enable_cooperative.wgsl") => 2,
                _ => 0,
            })
            .map(|line| format!("`{line}`: a default device has no extension")),
    );
    bindings(kernel, &module, &mut faults);
    params(kernel, &module, &mut faults);
    let layouts: Vec<_> = kernel.interface.bindings.iter().filter_map(Binding::layout).collect();
    for ty in structs_in_storage(&module) {
        let name = module.types[ty].name.clone().unwrap_or_default();
        match layouts.iter().find(|layout| layout.name == name) {
            Some(layout) => same_struct(&module, ty, layout, &mut faults),
            None => faults.push(format!("struct {name} lies in storage, but no binding holds it")),
        }
    }
    overrides(&module, constants, &mut faults);
    match shader::resolve(&module, &info, constants) {
        Ok((resolved, _)) => budgets(&resolved, constants, &mut faults),
        Err(error) => faults.push(format!("overrides: {error}")),
    }
    faults
}

fn bindings(kernel: &Kernel, module: &Module, faults: &mut Vec<String>) {
    let mut declared = BTreeMap::new();
    for (_, global) in module.global_variables.iter() {
        let Some(at) = global.binding.as_ref().filter(|at| at.group == 0) else { continue };
        let access = match global.space {
            AddressSpace::Storage { access } if access == StorageAccess::LOAD => Some(Access::Read),
            AddressSpace::Storage { access } if access == StorageAccess::LOAD | StorageAccess::STORE => {
                Some(Access::ReadWrite)
            }
            _ => None,
        };
        declared.insert(at.binding, (global.name.clone().unwrap_or_default(), access));
    }
    let expected: BTreeMap<_, _> = (0..)
        .zip(kernel.interface.bindings)
        .map(|(i, binding)| (i, (binding.name.to_owned(), Some(binding.access))))
        .collect();
    if declared != expected {
        faults.push(format!("bindings: expected {expected:?}, got {declared:?}"));
    }
    if declared.len() > MOST_STORAGE_BUFFERS {
        faults.push(format!("bindings: {}, but at most {MOST_STORAGE_BUFFERS}", declared.len()));
    }
}

fn params(kernel: &Kernel, module: &Module, faults: &mut Vec<String>) {
    if kernel.interface.params.size > MOST_PARAMS_BYTES {
        faults.push(format!(
            "parameters: {} bytes, but at most {MOST_PARAMS_BYTES}",
            kernel.interface.params.size
        ));
    }
    let others: Vec<_> = module
        .global_variables
        .iter()
        .filter_map(|(_, global)| global.binding.as_ref().map(|at| (at, global)))
        .filter(|(at, _)| at.group != 0)
        .collect();
    match others[..] {
        [(at, global)] if (at.group, at.binding) == (1, 0) && global.space == AddressSpace::Uniform => {
            same_struct(module, global.ty, &kernel.interface.params, faults);
        }
        _ => faults.push(format!("parameters: expected one uniform at (1, 0), got {others:?}")),
    }
}

/// Fields of 4-byte scalars, with the same names at the same offsets.
fn same_struct(module: &Module, ty: Handle<Type>, expected: &StructLayout, faults: &mut Vec<String>) {
    let name = module.types[ty].name.as_deref().unwrap_or_default();
    let TypeInner::Struct { members, span } = &module.types[ty].inner else {
        faults.push(format!("{name}: not a struct"));
        return;
    };
    let fields: Vec<(&str, usize)> =
        members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), m.offset as usize)).collect();
    let in_rust: Vec<(&str, usize)> =
        expected.fields.iter().map(|field| (field.name, field.offset)).collect();
    if fields != in_rust || *span as usize != expected.size {
        faults.push(format!(
            "struct {name}: expected {} bytes {in_rust:?}, got {span} bytes {fields:?}",
            expected.size
        ));
    }
    for member in members {
        if !matches!(module.types[member.ty].inner, TypeInner::Scalar(scalar) if scalar.width == 4) {
            faults.push(format!("struct {name}: field {:?} is no 4-byte scalar", member.name));
        }
    }
}

/// The structs that storage bindings hold, alone or in arrays.
fn structs_in_storage(module: &Module) -> Vec<Handle<Type>> {
    module
        .global_variables
        .iter()
        .filter(|(_, global)| matches!(global.space, AddressSpace::Storage { .. }))
        .map(|(_, global)| match module.types[global.ty].inner {
            TypeInner::Array { base, .. } => base,
            _ => global.ty,
        })
        .filter(|&ty| matches!(module.types[ty].inner, TypeInner::Struct { .. }))
        .collect()
}

fn overrides(module: &Module, constants: &BTreeMap<&str, u32>, faults: &mut Vec<String>) {
    let names = |module: &Module| -> BTreeSet<String> {
        module.overrides.iter().filter_map(|(_, o)| o.name.clone()).collect()
    };
    let expected: BTreeSet<String> = constants.keys().map(|&name| name.to_owned()).collect();
    let declared = names(module);
    if declared != expected {
        faults.push(format!("overrides: expected {expected:?}, got {declared:?}"));
    }
    let mut compacted = module.clone();
    compact(&mut compacted, KeepUnused::No);
    let unused: Vec<String> = declared.difference(&names(&compacted)).cloned().collect();
    if !unused.is_empty() {
        faults.push(format!("overrides: {unused:?} are not used"));
    }
    for (_, o) in module.overrides.iter() {
        // overrides without a name are expressions of others
        if let (Some(name), Some(_)) = (&o.name, o.init) {
            faults.push(format!("overrides: {name} has a default, but its value is written in Rust"));
        }
    }
}

fn budgets(resolved: &Module, constants: &BTreeMap<&str, u32>, faults: &mut Vec<String>) {
    let mut layouter = Layouter::default();
    if let Err(error) = layouter.update(resolved.to_ctx()) {
        faults.push(format!("layout: {error}"));
        return;
    }
    // counted as the standard does: each variable takes multiples of 16
    let bytes: u32 = resolved
        .global_variables
        .iter()
        .filter(|(_, global)| global.space == AddressSpace::WorkGroup)
        .map(|(_, global)| layouter[global.ty].size.next_multiple_of(16))
        .sum();
    if bytes > MOST_WORKGROUP_BYTES {
        faults.push(format!("workgroup memory: {bytes} bytes, but at most {MOST_WORKGROUP_BYTES}"));
    }
    let size = resolved.entry_points[0].workgroup_size;
    if size != [constants["WORKGROUP"], 1, 1] {
        faults.push(format!("workgroup: {size:?} is not [WORKGROUP, 1, 1]"));
    }
    if size.iter().product::<u32>() > MOST_THREADS {
        faults.push(format!("workgroup: {size:?} threads, but at most {MOST_THREADS}"));
    }
}

// ---- planted faults
// -----------------------------------------------------------------------------------------------

/// Replaces whole words.
fn rename(source: &str, word: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(word) {
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let whole = !before.ends_with(part_of_word) && !after.starts_with(part_of_word);
        out += before;
        out += if whole { by } else { word };
        rest = after;
    }
    out + rest
}

/// A statement at the beginning of the entry point.
fn in_main(source: &str, statement: &str) -> String {
    let start = source.find("fn main(").expect("there is an entry point");
    let open = start + source[start..].find(") {").expect("it has a body") + 3;
    format!("{}\n{statement}{}", &source[..open], &source[open..])
}

#[test]
fn planted_faults_are_found() {
    for (kernel, variant) in shader::all() {
        let name = shader::name(kernel, variant);
        let (source, constants) = (shader::source(kernel, variant), shader::constants(kernel, variant));
        let field = kernel.interface.params.fields[0].name;
        let first = kernel.interface.bindings[0].name;
        let mut planted = vec![
            ("struct Params", rename(&source, field, &format!("{field}_renamed"))),
            ("bindings", rename(&source, first, &format!("{first}_renamed"))),
            ("bindings", source.replace("@group(0) @binding(0)", "@group(0) @binding(6543)")),
            ("parameters", source.replace("@group(1) @binding(0)", "@group(2) @binding(0)")),
            ("overrides", format!("{source}\noverride PLANTED: u32;")),
            ("has a default", source.replace("override WORKGROUP: u32;", "override WORKGROUP: u32 = 64u;")),
            (
                "workgroup memory",
                in_main(&source, "planted[0] = 1u;")
                    + "var<workgroup> planted: array<u32, WORKGROUP * 4097u>;",
            ),
            ("is not [WORKGROUP, 1, 1]", source.replace("@workgroup_size(WORKGROUP)", "@workgroup_size(3)")),
            ("extension", format!("enable f16;\n{source}")),
        ];
        if kernel.interface.bindings.len() > 1 {
            let swapped = source
                .replace("@group(0) @binding(0)", "@group(0) @binding(?)")
                .replace("@group(0) @binding(1)", "@group(0) @binding(0)")
                .replace("@group(0) @binding(?)", "@group(0) @binding(1)");
            planted.push(("bindings", swapped));
        }
        let written = shader::aliased(kernel, variant);
        if written != source {
            planted.push(("bindings", written));
        }
        let (module, _) = shader::compile(&source).expect("another test says why not");
        for ty in structs_in_storage(&module) {
            let ty = module.types[ty].name.clone().unwrap_or_default();
            planted.push(("struct", rename(&source, &ty, &format!("{ty}Renamed"))));
            let longer =
                source.replace(&format!("struct {ty} {{"), &format!("struct {ty} {{\n    planted: u32,"));
            planted.push(("planted", longer));
        }
        for (expected, wrong) in planted {
            assert_ne!(wrong, source, "{name}: nothing was planted for \"{expected}\"");
            found(&name, &faults(kernel, &wrong, &constants), expected);
        }

        let with = |changed: &[(&'static str, u32)]| {
            let mut all = constants.clone();
            all.extend(changed.iter().copied());
            faults(kernel, &source, &all)
        };
        found(&name, &with(&[("PLANTED", 1)]), "overrides");
        found(&name, &with(&[("WORKGROUP", 512)]), "threads");
        found(&name, &faults(kernel, &source, &BTreeMap::from([("PLANTED", 1)])), "overrides");
        assert_eq!(faults(kernel, &source, &constants), Vec::<String>::new(), "{name}: nothing is wrong");
    }
}

fn found(name: &str, faults: &[String], expected: &str) {
    assert!(
        faults.iter().any(|fault| fault.contains(expected)),
        "{name}: no fault speaks of \"{expected}\": {faults:#?}"
    );
}

#[test]
fn renaming_keeps_other_words() {
    assert_eq!(rename("len: u32, length, params.len; len", "len", "n"), "n: u32, length, params.n; n");
}
