//! WGSL fragments and how they are joined into one shader.

use std::fmt::Write;

/// A piece of WGSL: its path below `shaders/` and its text.
#[derive(Debug, Clone, Copy)]
pub struct Fragment {
    /// Path below `shaders/`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
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

/// Joins fragments into one source, each behind a `// file: …` line.
#[must_use]
pub fn assemble(sources: &[Fragment]) -> String {
    let mut out = String::new();
    for fragment in sources {
        // writing to a String cannot fail
        let _ = writeln!(out, "// file: shaders/{}\n{}", fragment.path, fragment.text.trim_end());
    }
    out
}

/// Turns a line of an assembled source into the file and line it came from.
#[must_use]
pub(crate) fn locate(sources: &[Fragment], line: usize) -> Option<(&'static str, usize)> {
    let mut first = 1;
    for fragment in sources {
        let lines = fragment.text.trim_end().lines().count();
        if line <= first + lines {
            return Some((fragment.path, line.saturating_sub(first)));
        }
        first += lines + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let sources = [
            Fragment { path: "a.wgsl", text: "one\ntwo\n" },
            Fragment { path: "b.wgsl", text: "three\nfour\n" },
        ];
        let text = assemble(&sources);
        let line = text.lines().position(|l| l == "four").unwrap() + 1;
        assert_eq!(locate(&sources, line), Some(("b.wgsl", 2)));
        assert_eq!(locate(&sources, 99), None);
    }
}
