//! WGSL fragments, and how a shader is made of them.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Kernel, Variant};

/// A piece of WGSL: its path below `shaders/` and its text.
#[derive(Debug, Clone, Copy)]
pub struct Fragment {
    /// Path below `shaders/`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Fragment {
    /// Whether it enables an extension: such fragments come before anything else.
    fn is_enable(&self) -> bool {
        self.path.starts_with("prelude/enable_")
    }
}

/// A [`Fragment`] from a file below `shaders/`.
macro_rules! fragment {
    ($path:expr) => {
        $crate::kernel::Fragment {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $path)),
        }
    };
}
/// A list of fragments.
macro_rules! fragments {
    ($($path:expr),+ $(,)?) => { &[$($crate::kernel::fragment!($path)),+] };
}
pub(crate) use {fragment, fragments};

impl Kernel {
    /// The source of a variant: enables, what is generated from the interface, and the other fragments, each
    /// behind a `// file: …` line. For `aliased` see [`Interface::wgsl`](super::Interface::wgsl).
    #[must_use]
    pub fn source(&self, variant: &Variant, aliased: u32) -> String {
        let mut out = String::new();
        for (path, text) in self.pieces(variant, aliased) {
            // writing to a String cannot fail
            let _ = writeln!(out, "// file: {path}\n{}", text.trim_end());
        }
        out
    }

    /// Turns a line of a source into the file and line it came from.
    #[must_use]
    pub(crate) fn locate(&self, variant: &Variant, line: usize) -> Option<(String, usize)> {
        let mut first = 1;
        for (path, text) in self.pieces(variant, 0) {
            let lines = text.trim_end().lines().count();
            if line <= first + lines {
                return Some((path, line.saturating_sub(first)));
            }
            first += lines + 1;
        }
        None
    }

    /// Paths and texts, in order.
    fn pieces(&self, variant: &Variant, aliased: u32) -> Vec<(String, Cow<'static, str>)> {
        let enables = variant.sources.iter().take_while(|fragment| fragment.is_enable()).count();
        let (enables, others) = variant.sources.split_at(enables);
        let file = |fragment: &Fragment| (format!("shaders/{}", fragment.path), Cow::Borrowed(fragment.text));
        let generated = (
            format!("{} (generated)", self.interface.file.replace('\\', "/")),
            Cow::Owned(self.interface.wgsl(aliased)),
        );
        enables.iter().map(file).chain([generated]).chain(others.iter().map(file)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kernels::{ALL, linear};

    #[test]
    fn a_line_is_found_again() {
        for kernel in ALL {
            for variant in kernel.variants {
                let text = kernel.source(variant, 0);
                let (mut file, mut at) = (String::new(), 0);
                for (line, content) in (1..).zip(text.lines()) {
                    match content.strip_prefix("// file: ") {
                        Some(path) => (file, at) = (path.to_owned(), 0),
                        None => at += 1,
                    }
                    assert_eq!(kernel.locate(variant, line), Some((file.clone(), at)), "{}", kernel.name);
                }
                assert_eq!(kernel.locate(variant, text.lines().count() + 1), None);
            }
        }
    }

    #[test]
    fn enables_come_first() {
        let variant = linear::KERNEL.variants.iter().find(|variant| variant.needs_f16()).unwrap();
        let files: Vec<_> = linear::KERNEL.pieces(variant, 0).into_iter().map(|(path, _)| path).collect();
        let expected = ["shaders/prelude/enable_f16.wgsl", "src/kernels/dense/linear/mod.rs (generated)"];
        assert_eq!(files[..2], expected);
    }
}
