//! Who may use whom: the table of `ARCHITECTURE.md`, held against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Modules, and those that each uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Everything may use these.
const FREE: [&str; 4] = ["disabled", "error", "names", "numbers"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The module that a path of the table's first column is of: `src/bag/` or `src/metrics.rs`.
fn module_of(path: &str) -> Option<String> {
    let name = path.strip_prefix("src/")?;
    Some(name.trim_end_matches('/').trim_end_matches(".rs").to_owned())
}

/// The rows of the table in their order, each with what it may use.
fn table(page: &str) -> Vec<(String, BTreeSet<String>)> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').collect();
        let [paths, _, uses, ..] = cells[..] else { return None };
        let uses: BTreeSet<String> = quoted(uses).map(str::to_owned).collect();
        Some(
            quoted(paths).filter_map(module_of).map(move |module| (module, uses.clone())).collect::<Vec<_>>(),
        )
    });
    rows.flatten().collect()
}

/// What the root gives other names, by these names.
fn root_names(lib: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in lib.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        if let Some((module, list)) = statement.split_once("::") {
            let words = list.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            names.extend(
                words.filter(|word| !word.is_empty()).map(|word| (word.to_owned(), module.to_owned())),
            );
        }
    }
    names
}

/// The modules that a source names, tests of its own aside.
fn named(source: &str, modules: &BTreeSet<String>, names: &BTreeMap<String, String>) -> BTreeSet<String> {
    let code: String = source
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
        .collect();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        // one name, or a list of them
        let list = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        for item in list.unwrap_or(rest).split(',') {
            let word: String =
                item.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let module = if modules.contains(&word) { Some(&word) } else { names.get(&word) };
            found.extend(module.cloned());
            if list.is_none() {
                break;
            }
        }
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is in the repository") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// What each module uses.
fn uses(modules: &BTreeSet<String>) -> Uses {
    let src = root().join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("it is there");
    let names = root_names(&lib);
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut uses = Uses::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs")) {
        let relative = file.strip_prefix(&src).expect("it was found below").with_extension("");
        let module = relative.iter().next().expect("a file has a name").to_string_lossy().into_owned();
        let source = fs::read_to_string(file).expect("it is text");
        let mut named = named(&source, modules, &names);
        named.remove(&module);
        uses.entry(module).or_default().extend(named);
    }
    uses
}

/// What of the uses the table does not allow, what it allows that is not used, and what runs against its
/// order.
fn faults(table: &[(String, BTreeSet<String>)], uses: &Uses) -> Vec<String> {
    let place = |module: &str| table.iter().position(|(name, _)| name == module);
    let mut faults = Vec::new();
    let none = BTreeSet::new();
    for (module, used) in
        uses.iter().filter(|(module, _)| !FREE.contains(&module.as_str()) && *module != "lib")
    {
        if place(module).is_none() {
            faults.push(format!("src/{module} is not in the table"));
        }
        let allowed = table.iter().find(|(name, _)| name == module).map_or(&none, |(_, allowed)| allowed);
        for other in used.iter().filter(|other| !FREE.contains(&other.as_str())) {
            if !allowed.contains(other) {
                faults.push(format!("{module} uses {other}, which the table does not say"));
            }
            if place(other) > place(module) {
                faults.push(format!("{module} uses {other}, which stands below it"));
            }
        }
        for other in allowed.iter().filter(|other| !used.contains(*other)) {
            faults.push(format!("{module} does not use {other}, as the table says"));
        }
    }
    faults
}

#[test]
fn dependencies_are_those_of_the_table() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    let table = table(&page);
    assert!(table.len() > 10, "the table of ARCHITECTURE.md was not found: {table:?}");
    let modules = table.iter().map(|(module, _)| module.clone()).chain(FREE.map(str::to_owned)).collect();
    let faults = faults(&table, &uses(&modules));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn planted_faults_are_found() {
    let page = "| folder | holds | uses |\n|---|---|---|\n| `src/low/` | | |\n| `src/engine/` | | `low` |\n\
                | `src/middle/` | | `low` |\n| `src/high/`, `src/other.rs` | | `low`, `middle` |\n";
    let table = table(page);
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let uses = |low: &[&str], middle: &[&str], high: &[&str]| {
        let uses = [("low", low), ("engine", &["low", "error"]), ("middle", middle), ("high", high)];
        uses.into_iter().map(|(module, used)| (module.to_owned(), set(used))).collect::<Uses>()
    };
    let found = |uses: Uses| faults(&table, &uses);
    assert!(found(uses(&[], &["low"], &["low", "middle", "numbers"])).is_empty());
    assert_eq!(
        found(uses(&[], &["low", "high"], &["low"])),
        [
            "high does not use middle, as the table says",
            "middle uses high, which the table does not say",
            "middle uses high, which stands below it",
        ]
    );
    // sources are read as they are written
    let modules = set(&["bag", "device", "table"]);
    let names = root_names("pub use bag::{Bags, Id};\npub use device::Context;\n");
    let source = "use crate::{Context, Error};\n// crate::table\nfn f() { crate::bag::g() }\n#[cfg(test)]\nmod tests { use crate::table::T; }";
    assert_eq!(named(source, &modules, &names), set(&["bag", "device"]));
}
