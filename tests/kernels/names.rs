//! One stem everywhere, no file that nothing uses, and cases that can be told apart.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use embag::kernel::{Access, Binding};
use embag::kernels;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Files below a folder, relative to it, with `/` between the parts.
fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder is in the repository") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("it was found below");
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                found.insert(parts.join("/"));
            }
        }
    }
    found
}

#[test]
fn one_stem_everywhere() {
    let mut names = HashSet::new();
    for kernel in kernels::ALL {
        let name = kernel.name;
        assert!(names.insert(name), "two kernels are called {name}");
        // of the family that its shaders are in
        let path = kernel.variants[0].sources.last().map_or("", |body| body.path);
        let (family, _) = path.split_once('/').unwrap_or_default();
        for file in [
            format!("shaders/{family}/{name}.wgsl"),
            format!("src/kernels/{family}/{name}/mod.rs"),
            format!("src/kernels/{family}/{name}/twin.rs"),
            format!("src/kernels/{family}/{name}/cases.rs"),
        ] {
            assert!(root().join(&file).is_file(), "kernel {name}: {file} is missing");
        }
        let mut variants = HashSet::new();
        for variant in kernel.variants {
            let what = format!("{name}.{}", variant.name);
            assert!(variants.insert(variant.name), "two variants are called {what}");
            let Some(body) = variant.sources.last() else { panic!("{what} has no source") };
            let stem = format!("{family}/{name}");
            assert_eq!(body.path.split('.').next(), Some(&*stem), "{what} ends with {}", body.path);
        }
    }
}

#[test]
fn every_shader_file_is_used() {
    let used: BTreeSet<String> = kernels::ALL
        .iter()
        .flat_map(|kernel| kernel.variants)
        .flat_map(|variant| variant.sources)
        .map(|fragment| fragment.path.to_owned())
        .collect();
    assert_eq!(files_below(&root().join("shaders")), used, "files in shaders/, and files that variants use");
}

#[test]
fn cases_can_be_told_apart() {
    for kernel in kernels::ALL {
        let cases = (kernel.cases)();
        let name = kernel.name;
        assert!(!cases.is_empty(), "{name} has no case");
        let mut seen = HashSet::new();
        for case in &cases {
            let what = format!("{name}: {}", case.name);
            assert!(!case.variants.is_empty(), "{what} runs with no variant");
            assert_eq!(case.bindings.len(), kernel.interface.bindings.len(), "{what}: bindings");
            assert_eq!(case.params.len(), kernel.interface.params.size, "{what}: bytes of parameters");
            for &variant in &case.variants {
                assert!(variant < kernel.variants.len(), "{what}: there is no variant {variant}");
                assert!(seen.insert((&case.name, variant)), "{what}: twice for variant {variant}");
            }
            if let Some(oracle) = &case.oracle {
                let named =
                    |binding: &Binding| binding.name == oracle.binding && binding.access == Access::ReadWrite;
                assert!(
                    kernel.interface.bindings.iter().any(named),
                    "{what}: nothing written is `{}`",
                    oracle.binding
                );
            }
            if case.bench {
                assert!(case.bytes > 0, "{what}: a bench moves bytes");
            }
        }
        for (index, variant) in kernel.variants.iter().enumerate() {
            assert!(seen.iter().any(|(_, v)| *v == index), "{name}.{} has no case", variant.name);
            let of_variant = cases.iter().filter(|case| case.variants.contains(&index));
            let flags: HashSet<u32> = of_variant.map(|case| kernel.flags(index, &case.params)).collect();
            assert_eq!(flags, kernel.flag_sets(index).collect(), "{name}.{}: sets of flags", variant.name);
        }
    }
}
