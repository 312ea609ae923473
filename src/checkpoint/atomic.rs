//! Replaces a file in one step.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Links that lead to each other in a ring have more.
const MAX_LINKS: usize = 40;

/// Writes a new file by `write` and puts it in the place of `path`, or of what symbolic links lead to from
/// there: under another name in the same folder, flushed to the disk, then renamed. After an error the other
/// name is gone, and what was at `path` is still there. Pipes, devices and folders are refused.
pub(super) fn replace_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = &follow_links(path)?;
    match path.metadata() {
        Ok(found) => regular(&found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let (folder, temporary) = temporary_beside(path)?;
    let mut file = File::create_new(&temporary)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        // the first error is the one to tell
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(&folder)
}

/// Whether this is a regular file.
pub(super) fn regular(found: &Metadata) -> io::Result<()> {
    let got = match (found.is_file(), found.is_dir()) {
        (true, _) => return Ok(()),
        (false, true) => "a folder",
        (false, false) => "a pipe or a device",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("expected a regular file, got {got}")))
}

/// What symbolic links lead to, whether it is there or not.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if !path.is_symlink() {
            return Ok(path);
        }
        // relative to the folder of the link
        let target = path.read_link()?;
        path.pop();
        path.push(target);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("expected at most {MAX_LINKS} symbolic links")))
}

/// The folder, and a name in it that no other save uses.
fn temporary_beside(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    static SAVES: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected the name of a file"));
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{}.tmp", std::process::id(), SAVES.fetch_add(1, Ordering::Relaxed)));
    Ok((folder.clone(), folder.join(hidden)))
}

/// Makes the new name survive a power failure; elsewhere than on unix folders cannot be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_new_file_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        for content in ["first", "second"] {
            let mut seen = Vec::new();
            replace_file(&path, |file| {
                file.write_all(content.as_bytes())?;
                seen = names(folder.path());
                Ok(())
            })
            .unwrap();
            assert!(seen.iter().any(|name| name.starts_with(".model.")), "{seen:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn an_interrupted_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::write(&path, "old").unwrap();
        let error = replace_file(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::new(io::ErrorKind::StorageFull, "no space"))
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn a_folder_in_the_way_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::create_dir(&path).unwrap();
        assert!(replace_file(&path, |file| file.write_all(b"new")).is_err());
        assert!(path.is_dir());
        assert_eq!(names(folder.path()), ["model"]);
        assert!(replace_file(Path::new("/"), |_| Ok(())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_what_they_lead_to_is_replaced() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("models")).unwrap();
        symlink("models/new", at("link")).unwrap();
        symlink(at("link"), at("link to it")).unwrap();
        // the target is not there at first
        for content in ["first", "second"] {
            for link in ["link", "link to it"] {
                replace_file(&at(link), |file| file.write_all(content.as_bytes())).unwrap();
                assert!(at(link).is_symlink());
                assert_eq!(fs::read_to_string(at("models/new")).unwrap(), content);
            }
        }
        assert_eq!(names(&at("models")), ["new"]);
        symlink("ring", at("ring")).unwrap();
        let error = replace_file(&at("ring"), |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "expected at most 40 symbolic links");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, link] = ["pipe", "link"].map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link] {
            let error = replace_file(path, |file| file.write_all(b"new")).unwrap_err();
            assert_eq!(error.to_string(), "expected a regular file, got a pipe or a device");
        }
        assert!(!fs::metadata(&pipe).unwrap().is_file());
        assert_eq!(names(folder.path()), ["link", "pipe"]);
    }
}
