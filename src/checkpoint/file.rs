//! The file: a safetensors header, the tensors, and a checksum over every byte.
//!
//! The checksum lies in the header's metadata, as 64 hexadecimal digits after [`MARK`]. It is the SHA-256 of
//! the whole file with zeros in the place of these digits: names, types, shapes, metadata and data, and the
//! bytes between them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::atomic::{regular, replace_file};
use super::tensor::Tensor;
use super::tensor::sealed::{Data, Sealed};
use super::{Checkpoint, Origin, RESERVED, in_memory};
use crate::{Error, Result};

/// What stands before the digits of the checksum. It cannot stand anywhere else: quotes in names and values
/// are escaped.
const MARK: &str = "\"embag.sha256\":\"";
const ZEROS: [u8; 64] = [b'0'; 64];
/// The format's own limit.
const MAX_HEADER: u64 = 100_000_000;
/// Bytes that are encoded, hashed and written at a time.
const CHUNK: usize = 1 << 16;

#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<&'a str, &'a str>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, TensorInfo>,
}

/// The tensors in the order of their data: as the format asks for, those of the widest type first.
fn in_file_order(checkpoint: &Checkpoint) -> Vec<(&str, &Tensor)> {
    let mut tensors: Vec<_> = checkpoint.tensors.iter().map(|(name, tensor)| (&**name, tensor)).collect();
    tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.data.dtype().bitsize()));
    tensors
}

/// The header with its length, and zeros for the checksum.
fn header(checkpoint: &Checkpoint, tensors: &[(&str, &Tensor)], path: &Path) -> Result<Vec<u8>> {
    let zeros = "0".repeat(ZEROS.len());
    let mut metadata: BTreeMap<&str, &str> =
        checkpoint.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
    metadata.insert(RESERVED, &zeros);
    let mut at = 0;
    let infos = tensors.iter().map(|&(name, Tensor { shape, data })| {
        let begin = at;
        at += data.bytes();
        (name, TensorInfo { dtype: data.dtype(), shape: shape.clone(), data_offsets: (begin, at) })
    });
    let refuse = |reason: String| Error::Checkpoint { path: path.to_owned(), reason };
    let header = Header { metadata, tensors: infos.collect() };
    let mut json = serde_json::to_vec(&header).map_err(|error| refuse(format!("header: {error}")))?;
    // the data begins at a multiple of 8
    json.resize(json.len().next_multiple_of(8), b' ');
    let length = json.len() as u64;
    if length > MAX_HEADER {
        let expected = format!("at most {MAX_HEADER} bytes of names and metadata");
        return Err(refuse(format!("header: expected {expected}, got {length}")));
    }
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.append(&mut json);
    Ok(bytes)
}

pub(super) fn save(checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    let tensors = in_file_order(checkpoint);
    let header = header(checkpoint, &tensors, path)?;
    let digits = digits_in(&header).unwrap_or(0);
    replace_file(path, |file| {
        let hash = put_all(&header, &tensors, |bytes| file.write_all(bytes))?;
        file.seek(SeekFrom::Start(digits as u64))?;
        file.write_all(hash.as_bytes())
    })
    .map_err(|source| Error::Io { path: path.to_owned(), source })
}

pub(super) fn to_bytes(checkpoint: &Checkpoint) -> Result<Vec<u8>> {
    let tensors = in_file_order(checkpoint);
    let header = header(checkpoint, &tensors, &in_memory())?;
    let mut all = Vec::new();
    let hash = put_all(&header, &tensors, |bytes| {
        all.extend_from_slice(bytes);
        Ok(())
    });
    let hash = hash.map_err(|source| Error::Io { path: in_memory(), source })?;
    if let Some(digits) = digits_in(&header) {
        all[digits..digits + ZEROS.len()].copy_from_slice(hash.as_bytes());
    }
    Ok(all)
}

/// Puts header and tensors somewhere, and gives their checksum.
fn put_all(
    header: &[u8],
    tensors: &[(&str, &Tensor)],
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hash.update(bytes);
        put(bytes)
    };
    put(header)?;
    for (_, tensor) in tensors {
        match &tensor.data {
            Data::F32(values) => encode(values, &mut put),
            Data::F16(values) => encode(values, &mut put),
            Data::BF16(values) => encode(values, &mut put),
            Data::I8(values) => encode(values, &mut put),
            Data::U8(values) => encode(values, &mut put),
            Data::U32(values) => encode(values, &mut put),
            Data::U64(values) => encode(values, &mut put),
        }?;
    }
    Ok(hex(hash))
}

fn encode<T: Sealed>(values: &[T], mut put: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut swapped = Vec::new();
    for chunk in values.chunks(CHUNK / size_of::<T>()) {
        swapped.clear();
        swapped.extend(chunk.iter().map(|value| value.swap()));
        put(bytemuck::cast_slice(&swapped))?;
    }
    Ok(())
}

/// Where the digits of the checksum begin in a header with its length.
fn digits_in(header: &[u8]) -> Option<usize> {
    let mark = header.windows(MARK.len()).position(|bytes| bytes == MARK.as_bytes())?;
    let digits = mark + MARK.len();
    (header.len() >= digits + ZEROS.len()).then_some(digits)
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a file is not a checkpoint.
enum Fault {
    Io(io::Error),
    Damaged(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // lengths were checked before: it shrinks while it is read
            io::ErrorKind::UnexpectedEof => damaged("the file ended before its data"),
            _ => Self::Io(error),
        }
    }
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}

impl Fault {
    fn of(self, path: &Path) -> Error {
        match self {
            Self::Io(source) => Error::Io { path: path.to_owned(), source },
            Self::Damaged(reason) => Error::Checkpoint { path: path.to_owned(), reason },
        }
    }
}

pub(super) fn load(path: &Path, origin: Origin) -> Result<Checkpoint> {
    read(path, origin).map_err(|fault| fault.of(path))
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<Checkpoint> {
    read_from(&mut { bytes }, bytes.len() as u64, Origin::Embag).map_err(|fault| fault.of(&in_memory()))
}

/// A file that was found whole, with what its header says and where its data begins.
pub(super) fn open(path: &Path) -> Result<(File, Metadata, u64)> {
    checked(path).map_err(|fault| fault.of(path))
}

fn checked(path: &Path) -> Result<(File, Metadata, u64), Fault> {
    let (file, length) = file_at(path)?;
    let mut reader = BufReader::with_capacity(CHUNK, file);
    let Begun { parsed, data, found, mut hash } = begin(&mut reader, length, Origin::Embag)?;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        hash.update(bytes);
        let read = bytes.len();
        reader.consume(read);
    }
    compare(found, hash)?;
    Ok((reader.into_inner(), parsed, data))
}

fn read(path: &Path, origin: Origin) -> Result<Checkpoint, Fault> {
    let (file, length) = file_at(path)?;
    let checkpoint = read_from(&mut BufReader::with_capacity(CHUNK, file), length, origin)?;
    Ok(Checkpoint { path: Some(path.to_owned()), ..checkpoint })
}

/// A file and its length.
fn file_at(path: &Path) -> Result<(File, u64), Fault> {
    // asked before it is opened, as opening a pipe waits for its other end
    regular(&path.metadata()?)?;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// A file whose header was read.
struct Begun {
    parsed: Metadata,
    /// Where the data begins.
    data: u64,
    /// The checksum that it says, and that of what was read.
    found: Option<Vec<u8>>,
    hash: Sha256,
}

fn begin(reader: &mut impl BufRead, length: u64, origin: Origin) -> Result<Begun, Fault> {
    let mut header = read_header(reader, length)?;
    let parsed: Metadata = serde_json::from_slice(&header[8..])
        .map_err(|error| damaged(format!("the header cannot be read: {error}")))?;
    let needed = header.len() as u64 + parsed.data_len() as u64;
    if needed != length {
        return Err(damaged(format!("expected {needed} bytes, got {length}")));
    }
    let digits = digits_in(&header);
    if digits.is_none() && origin == Origin::Embag {
        return Err(damaged(
            "expected the checksum that embag writes, got none (`Checkpoint::read_foreign` needs none)",
        ));
    }
    let found = digits.map(|digits| {
        let digits = &mut header[digits..digits + ZEROS.len()];
        let found = digits.to_vec();
        digits.copy_from_slice(&ZEROS);
        found
    });
    Ok(Begun { parsed, data: header.len() as u64, found, hash: Sha256::new_with_prefix(&header) })
}

/// Whether a file's content has the checksum that it says.
fn compare(found: Option<Vec<u8>>, hash: Sha256) -> Result<(), Fault> {
    let computed = hex(hash);
    match found.filter(|found| computed.as_bytes() != found) {
        Some(found) => {
            let kept = String::from_utf8_lossy(&found);
            Err(damaged(format!(
                "the file was altered: its checksum is {kept}, that of its content {computed}"
            )))
        }
        None => Ok(()),
    }
}

fn read_from(reader: &mut impl BufRead, length: u64, origin: Origin) -> Result<Checkpoint, Fault> {
    let Begun { parsed, found, mut hash, .. } = begin(reader, length, origin)?;
    let (mut tensors, mut left_out) = (BTreeMap::new(), BTreeMap::new());
    for name in parsed.offset_keys() {
        let Some(TensorInfo { dtype, shape, data_offsets: (begin, end) }) = parsed.info(&name) else {
            continue; // it is one of its own keys
        };
        let bytes = end - begin;
        let data = match dtype {
            Dtype::F32 => Data::F32(decode(reader, bytes, &mut hash)?),
            Dtype::F16 => Data::F16(decode(reader, bytes, &mut hash)?),
            Dtype::BF16 => Data::BF16(decode(reader, bytes, &mut hash)?),
            Dtype::I8 => Data::I8(decode(reader, bytes, &mut hash)?),
            Dtype::U8 => Data::U8(decode(reader, bytes, &mut hash)?),
            Dtype::U32 => Data::U32(decode(reader, bytes, &mut hash)?),
            Dtype::U64 => Data::U64(decode(reader, bytes, &mut hash)?),
            other if origin == Origin::Any => {
                pass(reader, bytes, &mut hash)?;
                left_out.insert(name, other.to_string());
                continue;
            }
            other => {
                return Err(damaged(format!(
                    "tensor \"{name}\": expected F32, F16, BF16, I8, U8, U32 or U64, got {other}"
                )));
            }
        };
        tensors.insert(name, Tensor { shape: shape.clone(), data });
    }
    compare(found, hash)?;
    let mut metadata: BTreeMap<_, _> = parsed.metadata().clone().unwrap_or_default().into_iter().collect();
    metadata.remove(RESERVED);
    Ok(Checkpoint { path: None, tensors, metadata, left_out })
}

/// Reads over bytes.
fn pass(reader: &mut impl Read, bytes: usize, hash: &mut Sha256) -> Result<(), Fault> {
    decode::<u8>(reader, bytes, hash).map(drop)
}

/// The header with its length, which must be no longer than the file.
fn read_header(reader: &mut impl BufRead, length: u64) -> Result<Vec<u8>, Fault> {
    if length < 8 {
        return Err(damaged(format!("expected a header, got {length} bytes")));
    }
    if let Some(got) = another_format(reader.fill_buf()?) {
        return Err(damaged(format!("expected a safetensors file, got {got}")));
    }
    let mut bytes = vec![0; 8];
    reader.read_exact(&mut bytes)?;
    let size = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
    let most = MAX_HEADER.min(length - 8);
    let Some(size) = usize::try_from(size).ok().filter(|_| size <= most) else {
        return Err(damaged(format!("expected a header of at most {most} bytes, got one of {size}")));
    };
    bytes.resize(8 + size, 0);
    reader.read_exact(&mut bytes[8..])?;
    Ok(bytes)
}

/// What a file is that begins like this, if not with a header and its length.
fn another_format(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4, ..] => Some("a zip archive, as torch.save writes it"),
        [_, _, _, _, _, _, _, _, first, ..] if *first != b'{' => Some("one of another format"),
        _ => None,
    }
}

fn decode<T: Sealed>(reader: &mut impl Read, bytes: usize, hash: &mut Sha256) -> Result<Vec<T>, Fault> {
    let mut rest = bytes / size_of::<T>();
    let mut values = Vec::new();
    let memory = |error| io::Error::new(io::ErrorKind::OutOfMemory, error);
    values.try_reserve_exact(rest).map_err(memory)?;
    let mut chunk = vec![T::zeroed(); (CHUNK / size_of::<T>()).min(rest)];
    while rest > 0 {
        let now = &mut chunk[..rest.min(CHUNK / size_of::<T>())];
        let raw: &mut [u8] = bytemuck::cast_slice_mut(now);
        reader.read_exact(raw)?;
        hash.update(&*raw);
        rest -= now.len();
        values.extend(now.iter().map(|value| value.swap()));
    }
    Ok(values)
}
