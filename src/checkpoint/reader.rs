//! A file whose tensors are read in parts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::DeserializeOwned;

use super::{Checkpoint, Element, RESERVED, file};
use crate::{Error, Result};

/// A checkpoint's file that stays on disk: rows of its tensors are read as they are asked for, so that a
/// table need not fit memory.
///
/// ```
/// use embag::Checkpoint;
/// use embag::checkpoint::CheckpointReader;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("model.safetensors");
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("movie", &[100, 2], (0..200u8).map(f32::from).collect())?;
/// checkpoint.save(&path)?;
///
/// let mut reader = CheckpointReader::open(&path)?;
/// assert_eq!(reader.shape("movie"), Some(&[100, 2][..]));
/// assert_eq!(reader.rows::<f32>("movie", 31..33)?, [62.0, 63.0, 64.0, 65.0]);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct CheckpointReader {
    path: PathBuf,
    file: File,
    header: Metadata,
    /// Where the data begins.
    data: u64,
}

impl CheckpointReader {
    /// Opens a file, reads it once, and compares its checksum.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let (file, header, data) = file::open(&path)?;
        Ok(Self { path, file, header, data })
    }

    /// The shape of a tensor, if there is one of this name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.header.info(name).map(|info| &*info.shape)
    }

    /// The metadata of a key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// A value of [`Checkpoint::set_json`].
    ///
    /// # Errors
    /// As [`Checkpoint::json`].
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let mut checkpoint = Checkpoint { path: Some(self.path.clone()), ..Checkpoint::new() };
        if let Some(text) = self.metadata(key) {
            checkpoint.set_metadata(key, text)?;
        }
        checkpoint.json(key)
    }

    /// What follows this prefix in the names of tensors.
    pub(crate) fn fields(&self, prefix: &str) -> Vec<String> {
        let names = self.header.offset_keys().into_iter();
        names.filter_map(|name| name.strip_prefix(prefix).map(str::to_owned)).collect()
    }

    /// The type of a tensor's values; of none, if there is no such tensor.
    pub(crate) fn dtype(&self, name: &str) -> String {
        self.header.info(name).map_or("none".to_owned(), |info| info.dtype.to_string())
    }

    /// Reads the tensors and metadata to which this gives a name, under it.
    pub(crate) fn select(&mut self, renamed: impl Fn(&str) -> Option<String>) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint { path: Some(self.path.clone()), ..Checkpoint::new() };
        for (key, value) in self.header.metadata().iter().flatten().filter(|(key, _)| *key != RESERVED) {
            if let Some(key) = renamed(key) {
                checkpoint.set_metadata(&key, value)?;
            }
        }
        let names = self.header.offset_keys();
        for (name, new) in names.iter().filter_map(|name| Some((name, renamed(name)?))) {
            let Some(TensorInfo { dtype, shape, .. }) = self.header.info(name) else { continue };
            let (dtype, shape, new) = (*dtype, shape.clone(), &new);
            match dtype {
                Dtype::F32 => self.copy::<f32>(name, &shape, &mut checkpoint, new)?,
                Dtype::F16 => self.copy::<f16>(name, &shape, &mut checkpoint, new)?,
                Dtype::BF16 => self.copy::<bf16>(name, &shape, &mut checkpoint, new)?,
                Dtype::I8 => self.copy::<i8>(name, &shape, &mut checkpoint, new)?,
                Dtype::U8 => self.copy::<u8>(name, &shape, &mut checkpoint, new)?,
                Dtype::U32 => self.copy::<u32>(name, &shape, &mut checkpoint, new)?,
                Dtype::U64 => self.copy::<u64>(name, &shape, &mut checkpoint, new)?,
                other => {
                    let reason = format!("tensor \"{name}\": expected a type that embag writes, got {other}");
                    return Err(Error::Checkpoint { path: self.path.clone(), reason });
                }
            }
        }
        Ok(checkpoint)
    }

    fn copy<T: Element>(
        &mut self,
        name: &str,
        shape: &[usize],
        target: &mut Checkpoint,
        new: &str,
    ) -> Result<()> {
        let values = self.rows::<T>(name, 0..shape.first().copied().unwrap_or(1))?;
        target.insert(new, shape, values)
    }

    /// Reads rows of a tensor, one after the other: parts of its first dimension.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there is no such tensor, it is of another type, or has fewer rows;
    /// [`Error::Io`] if the file cannot be read, or has changed.
    pub fn rows<T: Element>(&mut self, name: &str, rows: Range<usize>) -> Result<Vec<T>> {
        let refuse = |reason: String| Error::Checkpoint { path: self.path.clone(), reason };
        let Some(TensorInfo { dtype, shape, data_offsets: (begin, _) }) = self.header.info(name) else {
            return Err(refuse(format!("tensor \"{name}\": expected {}, got none", T::dtype())));
        };
        let count = shape.first().copied().unwrap_or(1);
        if *dtype != T::dtype() || rows.start > rows.end || rows.end > count {
            let expected = format!("rows {} to {} of {}", rows.start, rows.end, T::dtype());
            return Err(refuse(format!("tensor \"{name}\": expected {expected}, got {dtype} {shape:?}")));
        }
        let width: usize = shape.iter().skip(1).product();
        let mut values = vec![T::zeroed(); rows.len() * width];
        let first = (begin + rows.start * width * size_of::<T>()) as u64;
        let mut read = || {
            self.file.seek(SeekFrom::Start(self.data + first))?;
            self.file.read_exact(bytemuck::cast_slice_mut(&mut values))
        };
        read().map_err(|source| Error::Io { path: self.path.clone(), source })?;
        values.iter_mut().for_each(|value| *value = value.swap());
        Ok(values)
    }
}
