//! `docs/kernels.md` is what the registry says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use embag::kernel::{Access, Kernel, Parity, Shape};
use embag::kernels;

const INTRODUCTION: &str = "\
# Kernels

Every kernel of the crate, from the registry `embag::kernels::ALL`; `tests/kernels/kernel_docs.rs` holds this page against it.
A kernel `NAME` of a family is the shader `shaders/FAMILY/NAME.wgsl` and the folder `src/kernels/FAMILY/NAME/`, with its CPU twin.

- **reads**, **writes**: its storage bindings. What is written may be read too.
- **variants**: how many ways of compiling it there are (types of elements, widths of vectors, optimizers); in brackets those for
  real GPUs, those for software adapters and those that need 16-bit floats, where there are any. A device builds what it uses.
- **agrees**: how closely a GPU must give its twin's answer. *bits*: the same bits, on devices that round every operation by itself;
  elsewhere a few units in the last place. *sum*: within 1e-5 of the sum of the terms' absolute values, against an oracle of `f64`.
  *exp, log*: within 4e-6 of the larger of one and the value.

`cargo run --release -p embag-benches --bin roofline` measures what your device can do and every kernel's share of it; with `--check` it runs every
parity case instead. `cargo bench -p embag-benches` times the same cases.
";

const HEAD: &str = "\
| kernel | what it does | reads | writes | variants | agrees |
|---|---|---|---|---|---|
";

/// The folder of its shader.
fn family(kernel: &Kernel) -> &'static str {
    let body = kernel.variants[0].sources.last().expect("a variant has a source");
    body.path.split_once('/').expect("it lies in a family").0
}

/// Characters that mean something in a table of Markdown.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| "|<\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

fn bindings(kernel: &Kernel, access: Access) -> String {
    let names = kernel.interface.bindings.iter().filter(|binding| binding.access == access);
    names.map(|binding| format!("`{}`", binding.name)).collect::<Vec<_>>().join(", ")
}

fn variants(kernel: &Kernel) -> String {
    let of = |shape| kernel.variants.iter().filter(|variant| variant.shape == shape).count();
    let f16 = kernel.variants.iter().filter(|variant| variant.needs_f16()).count();
    let parts = [(of(Shape::Wide), "real"), (of(Shape::Serial), "software"), (f16, "f16")];
    let parts: Vec<_> =
        parts.iter().filter(|part| part.0 > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let all = kernel.variants.len();
    if parts.is_empty() { all.to_string() } else { format!("{all} ({})", parts.join(", ")) }
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let families: BTreeSet<&str> = kernels::ALL.iter().map(|kernel| family(kernel)).collect();
    for name in families {
        write!(page, "\n## {name}\n\n{HEAD}").expect("a string takes all");
        for kernel in kernels::ALL.iter().filter(|kernel| family(kernel) == name) {
            let agrees = match kernel.parity {
                Parity::Bits => "bits",
                Parity::Sum => "sum",
                Parity::Transcendental => "exp, log",
            };
            let (name, about, variants) = (kernel.name, escaped(kernel.about), variants(kernel));
            let [reads, writes] = [Access::Read, Access::ReadWrite].map(|access| bindings(kernel, access));
            writeln!(page, "| `{name}` | {about} | {reads} | {writes} | {variants} | {agrees} |")
                .expect("a string takes all");
        }
    }
    page
}

#[test]
fn the_page_of_kernels_is_the_registry() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kernels.md"));
    let page = page();
    if std::env::var_os("EMBAG_BLESS").is_some() {
        std::fs::write(path, &page).expect("docs/kernels.md can be written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    let (kept, page): (Vec<_>, Vec<_>) = (kept.lines().collect(), page.lines().collect());
    let differs = (0..kept.len().max(page.len())).find(|&line| kept.get(line) != page.get(line));
    if let Some(line) = differs {
        panic!(
            "docs/kernels.md, line {}:\n  found    {}\n  expected {}\n\
             EMBAG_BLESS=1 cargo test -p embag-kernel-tests kernel_docs writes the page anew",
            line + 1,
            kept.get(line).unwrap_or(&"nothing"),
            page.get(line).unwrap_or(&"nothing"),
        );
    }
}
