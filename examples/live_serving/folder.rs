//! The folder through which a model reaches who serves it: the model as it was at first, then its deltas.

use std::path::{Path, PathBuf};

/// The tables in int8.
pub fn tables(folder: &Path) -> PathBuf {
    folder.join("tables.safetensors")
}

/// The layers.
pub fn layers(folder: &Path) -> PathBuf {
    folder.join("layers.safetensors")
}

/// The delta that ends with a step. Files come there whole, under their name.
pub fn delta(folder: &Path, until: u32) -> PathBuf {
    folder.join(format!("delta-{until:09}.safetensors"))
}

/// The deltas that are there, in their order.
pub fn deltas(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("delta-") && name.ends_with(".safetensors") {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}
