//! Files that an example will write.

use std::io;
use std::path::{Path, PathBuf};

/// Whether a file can be written where `path` says, found before the work rather than after it.
pub fn check_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match folder.metadata()? {
        found if found.is_dir() && !path.is_dir() => Ok(()),
        found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::ErrorKind::NotADirectory.into()),
    }
}

/// The argument of a picture.
pub fn png_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().is_some_and(|end| end.eq_ignore_ascii_case("png")) {
        true => Ok(path),
        false => Err(format!("expected a file name ending in .png, got `{text}`")),
    }
}
