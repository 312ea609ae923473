//! What is checked of the files that an example will write, before it reads any.

use std::io;
use std::path::{Path, PathBuf};

use crate::output::check_folder;

/// A file to write.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    pub argument: &'static str,
    pub path: &'a Path,
    /// Whether a new file takes the place of what is there, as checkpoints do.
    pub replaced: bool,
}

/// Why an output cannot be what it was said to be.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("{argument}: cannot write `{}`: {cause}", .path.display())]
    Write { argument: &'static str, path: PathBuf, cause: io::Error },
    #[error("{argument}: expected a regular file or none, got a pipe or a device, `{}`", .path.display())]
    Irregular { argument: &'static str, path: PathBuf },
    #[error("{argument}: expected a file of its own, got that of {other}, `{}`", .path.display())]
    Taken { argument: &'static str, path: PathBuf, other: &'static str },
}

/// Checks that every output can be written, and that none is an input or another output. Inputs and outputs
/// have the arguments that name them.
pub fn check(outputs: &[Output<'_>], inputs: &[(&'static str, PathBuf)]) -> Result<(), OutputError> {
    let mut taken: Vec<_> = inputs.iter().map(|(argument, path)| (*argument, File::at(path))).collect();
    for &Output { argument, path, replaced } in outputs {
        let owned = || path.to_owned();
        check_folder(path).map_err(|cause| OutputError::Write { argument, path: owned(), cause })?;
        if replaced && path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(OutputError::Irregular { argument, path: owned() });
        }
        let file = File::at(path);
        if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == file) {
            return Err(OutputError::Taken { argument, path: owned(), other });
        }
        taken.push((argument, file));
    }
    Ok(())
}

/// Links that lead to each other in a ring have more.
const MAX_LINKS: usize = 40;

/// What is equal for two paths that lead to one file, by links or by other names.
#[derive(Debug, PartialEq, Eq)]
enum File {
    #[cfg(unix)]
    There { device: u64, inode: u64 },
    /// One that is not there yet, or of a system without these numbers.
    Named(PathBuf),
}

impl File {
    fn at(path: &Path) -> Self {
        #[cfg(unix)]
        if let Ok(found) = path.metadata() {
            use std::os::unix::fs::MetadataExt;

            return Self::There { device: found.dev(), inode: found.ino() };
        }
        let mut path = path.to_owned();
        // links to what is not there
        for _ in 0..MAX_LINKS {
            let Ok(target) = path.read_link() else { break };
            path.pop();
            path.push(target);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let whole = path.canonicalize().or_else(|_| {
            let folder = folder.canonicalize()?;
            Ok::<_, io::Error>(folder.join(path.file_name().unwrap_or_default()))
        });
        Self::Named(whole.unwrap_or(path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn output(argument: &'static str, path: &Path) -> Output<'static> {
        Output { argument, path: Box::leak(path.into()), replaced: true }
    }

    fn error(outputs: &[Output<'_>], inputs: &[(&'static str, PathBuf)]) -> String {
        check(outputs, inputs).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn no_output_is_an_input_or_another_output_by_whatever_name() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let [read, new] = ["read", "new"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("sub"))?;
        fs::write(&read, "")?;
        let inputs = [("--train", read.clone())];
        let again = |path: &Path| folder.path().join("sub/..").join(path.file_name().unwrap_or_default());
        assert_eq!(error(&[output("--a", &new), output("--b", &folder.path().join("other"))], &inputs), "");
        for path in [&read, &again(&read)] {
            let expected =
                format!("--a: expected a file of its own, got that of --train, `{}`", path.display());
            assert_eq!(error(&[output("--a", path)], &inputs), expected);
        }
        for path in [&new, &again(&new)] {
            let expected = format!("--b: expected a file of its own, got that of --a, `{}`", path.display());
            assert_eq!(error(&[output("--a", &new), output("--b", path)], &inputs), expected);
        }
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_hide_a_file() -> io::Result<()> {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::write(at("read"), "")?;
        fs::hard_link(at("read"), at("hard"))?;
        symlink("read", at("soft"))?;
        symlink("new", at("dangling"))?;
        symlink("ring", at("ring"))?;
        let inputs = [("--train", at("read"))];
        for name in ["hard", "soft"] {
            assert!(error(&[output("--a", &at(name))], &inputs).contains("got that of --train"), "{name}");
        }
        let outputs = [output("--a", &at("dangling")), output("--b", &at("new"))];
        assert!(error(&outputs, &inputs).contains("--b: expected a file of its own, got that of --a"));
        assert_eq!(error(&[output("--a", &at("ring")), output("--b", &at("new"))], &inputs), "");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn only_what_is_written_into_may_be_a_device() {
        let mut null = output("--checkpoint", Path::new("/dev/null"));
        let expected = "--checkpoint: expected a regular file or none, got a pipe or a device, `/dev/null`";
        assert_eq!(error(&[null], &[]), expected);
        null.replaced = false;
        assert_eq!(error(&[null], &[]), "");
        let missing = output("--checkpoint", Path::new("no/such/model"));
        assert!(error(&[missing], &[]).starts_with("--checkpoint: cannot write `no/such/model`: "));
    }
}
