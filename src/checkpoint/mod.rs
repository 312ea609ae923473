//! Checkpoints: named tensors and metadata in one safetensors file.

mod atomic;
mod file;
mod reader;
mod tensor;

pub use reader::CheckpointReader;
pub use tensor::Element;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};
use tensor::Tensor;

/// Writes a file whole: whatever goes wrong, one that was there before stays until the new one takes its place.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic::replace_file(path, |file| std::io::Write::write_all(file, bytes))
        .map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// Who wrote a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Embag,
    Any,
}

/// Names that the file itself uses.
const RESERVED: &str = "embag.sha256";
const METADATA: &str = "__metadata__";

/// Named tensors and metadata on the host, and the safetensors file that keeps them.
///
/// A file is written beside its target, flushed, and renamed over it, so that the target is at every moment
/// either the old file or the new one. It holds a SHA-256 checksum of all its bytes: one that was cut short
/// or altered anywhere is refused.
///
/// ```
/// use embag::Checkpoint;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("model.safetensors");
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("weights", &[2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// checkpoint.set_json("epoch", &3)?;
/// checkpoint.save(&path)?;
///
/// let loaded = Checkpoint::load(&path)?;
/// assert_eq!(loaded.tensor::<f32>("weights", &[2, 2])?, [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(loaded.json::<u32>("epoch")?, 3);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checkpoint {
    /// The file it was read from.
    path: Option<PathBuf>,
    tensors: BTreeMap<String, Tensor>,
    metadata: BTreeMap<String, String>,
    /// Tensors of a foreign file whose types there are no values of here.
    left_out: BTreeMap<String, String>,
}

impl Checkpoint {
    /// An empty checkpoint.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor of `f32`, `u32` or `u64` values, row-major.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the name is taken, or the shape does not have as many elements as there
    /// are values.
    pub fn insert<T: Element>(&mut self, name: &str, shape: &[usize], values: Vec<T>) -> Result<()> {
        let elements = shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
        if elements != Some(values.len()) {
            return Err(Error::invalid(
                format!("tensor \"{name}\""),
                format!("the values of shape {shape:?}"),
                format!("{} values", values.len()),
            ));
        }
        self.put(name, Tensor { shape: shape.to_vec(), data: T::wrap(values) })
    }

    fn put(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        if name == METADATA || self.tensors.contains_key(name) {
            return Err(Error::invalid(format!("tensor \"{name}\""), "a name of its own", "a name in use"));
        }
        self.tensors.insert(name.to_owned(), tensor);
        Ok(())
    }

    /// The names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor, if there is one of this name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| &*tensor.shape)
    }

    /// The values of the tensor of this name, type and shape.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], which says what differs.
    pub fn tensor<T: Element>(&self, name: &str, shape: &[usize]) -> Result<&[T]> {
        let what = || format!("tensor \"{name}\"");
        let expected = || format!("{} {shape:?}", T::dtype());
        match self
            .tensors
            .get(name)
            .filter(|tensor| tensor.shape == shape)
            .map(|tensor| T::values(&tensor.data))
        {
            Some(Some(values)) => Ok(values),
            _ => Err(self.mismatch(what(), expected(), self.found(name))),
        }
    }

    /// The type and shape of the tensor of this name, in words.
    pub(crate) fn found(&self, name: &str) -> String {
        match (self.tensors.get(name), self.left_out.get(name)) {
            (Some(tensor), _) => format!("{} {:?}", tensor.data.dtype(), tensor.shape),
            (None, Some(dtype)) => format!("{dtype}, which is not read"),
            (None, None) => "none".to_owned(),
        }
    }

    /// The tensors and metadata of these names.
    pub(crate) fn only(mut self, kept: impl Fn(&str) -> bool) -> Self {
        self.tensors.retain(|name, _| kept(name));
        self.metadata.retain(|key, _| kept(key));
        self
    }

    /// Adds all tensors and metadata of another one, under names that begin with `prefix`.
    pub(crate) fn add_all(&mut self, prefix: &str, other: &Self) -> Result<()> {
        for (key, value) in &other.metadata {
            self.set_metadata(&format!("{prefix}{key}"), value)?;
        }
        for (name, tensor) in &other.tensors {
            self.put(&format!("{prefix}{name}"), tensor.clone())?;
        }
        Ok(())
    }

    /// Adds or replaces an entry of the metadata.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for `embag.sha256`, the file's own entry.
    pub fn set_metadata(&mut self, key: &str, value: impl Into<String>) -> Result<()> {
        if key == RESERVED {
            return Err(Error::invalid("metadata key", format!("another than \"{RESERVED}\""), "this one"));
        }
        self.metadata.insert(key.to_owned(), value.into());
        Ok(())
    }

    /// An entry of the metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Adds or replaces an entry of the metadata, as JSON.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if JSON cannot express the value; as [`Checkpoint::set_metadata`].
    pub fn set_json<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        let json = serde_json::to_string(value)
            .map_err(|error| Error::invalid(format!("metadata \"{key}\""), "a value for JSON", error))?;
        self.set_metadata(key, json)
    }

    /// An entry of the metadata that [`Checkpoint::set_json`] wrote.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is none, or it is something else.
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let what = || format!("metadata \"{key}\"");
        let Some(text) = self.metadata(key) else {
            return Err(self.mismatch(what(), "an entry", "none"));
        };
        serde_json::from_str(text)
            .map_err(|error| self.mismatch(what(), format!("JSON for {}", std::any::type_name::<T>()), error))
    }

    /// The error that something in this checkpoint is not what was expected.
    pub fn mismatch(&self, what: impl Display, expected: impl Display, got: impl Display) -> Error {
        let path = self.path.clone().unwrap_or_else(in_memory);
        Error::Checkpoint { path, reason: format!("{what}: expected {expected}, got {got}") }
    }

    /// Writes the file. Whatever goes wrong, and whenever, a file that was there before stays whole until the
    /// new one takes its place. A symbolic link stays, and what it leads to is replaced.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written, or `path` is a folder, a pipe or a device,
    /// [`Error::Checkpoint`] if names and metadata exceed the format's 100 MB.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        file::save(self, path.as_ref())
    }

    /// Reads a file and checks its length, its header and its checksum.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, or is a folder, a pipe or a device, [`Error::Checkpoint`] if
    /// it is damaged, or of another format.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        file::load(path.as_ref(), Origin::Embag)
    }

    /// The bytes of the file that [`Checkpoint::save`] would write, to be sent.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if names and metadata exceed the format's 100 MB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        file::to_bytes(self)
    }

    /// Reads the bytes of a file, see [`Checkpoint::load`].
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are damaged, or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        file::from_bytes(bytes)
    }

    /// Reads a safetensors file of any origin, such as `safetensors.torch.save_file` writes: [`load`] without
    /// asking for a checksum. If there is one, it is checked. Tensors of other types than [`Element`]s (64-bit
    /// counters, for example) are left out; who asks for one is told.
    ///
    /// [`load`]: Checkpoint::load
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn read_foreign(path: impl AsRef<Path>) -> Result<Self> {
        file::load(path.as_ref(), Origin::Any)
    }
}

/// What errors call a checkpoint that is no file.
fn in_memory() -> PathBuf {
    PathBuf::from("(in memory)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_have_one_name_a_shape_and_a_type() {
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("a", &[2, 1], vec![1u32, 2]).unwrap();
        let error = |result: Result<()>| result.unwrap_err().to_string();
        assert_eq!(
            error(checkpoint.insert("a", &[1], vec![1u32])),
            "tensor \"a\": expected a name of its own, got a name in use"
        );
        assert_eq!(
            error(checkpoint.insert("b", &[3, 2], vec![1u64])),
            "tensor \"b\": expected the values of shape [3, 2], got 1 values"
        );
        assert!(checkpoint.insert("b", &[usize::MAX, 2], vec![1u64]).is_err());
        assert!(checkpoint.insert("__metadata__", &[1], vec![1u64]).is_err());
        assert_eq!(checkpoint.tensor::<u32>("a", &[2, 1]).unwrap(), [1, 2]);
        assert_eq!(
            error(checkpoint.tensor::<f32>("a", &[2, 1]).map(drop)),
            "checkpoint (in memory): tensor \"a\": expected F32 [2, 1], got U32 [2, 1]"
        );
        assert_eq!(
            error(checkpoint.tensor::<u32>("c", &[2]).map(drop)),
            "checkpoint (in memory): tensor \"c\": expected U32 [2], got none"
        );
        assert_eq!((checkpoint.names().collect(), checkpoint.shape("a")), (vec!["a"], Some(&[2, 1][..])));
    }

    #[test]
    fn metadata_is_typed() {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_json("rate", &0.1f32).unwrap();
        checkpoint.set_metadata("name", "x").unwrap();
        assert_eq!(checkpoint.json::<f32>("rate").unwrap().to_bits(), 0.1f32.to_bits());
        assert_eq!(checkpoint.metadata("name"), Some("x"));
        let missing = checkpoint.json::<u32>("epoch").unwrap_err().to_string();
        assert_eq!(missing, "checkpoint (in memory): metadata \"epoch\": expected an entry, got none");
        let wrong = checkpoint.json::<u32>("name").unwrap_err().to_string();
        assert!(wrong.starts_with("checkpoint (in memory): metadata \"name\": expected JSON for u32, got "));
        assert!(checkpoint.set_metadata("embag.sha256", "").is_err());
    }
}
