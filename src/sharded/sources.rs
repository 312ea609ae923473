//! Tables in files, each with rows and columns of some of them, put together as they are wanted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checkpoint::{CheckpointReader, Element};
use crate::{Checkpoint, Error, Result};

/// The name of the file that says which others belong together.
pub(super) const MANIFEST: &str = "manifest.json";
/// The key of a file's [`Piece`]s.
pub(super) const PIECES: &str = "embag.pieces";
/// Values that are read at once.
const AT_ONCE: usize = 1 << 20;

/// What stands before the names of what a rank saved beside its tables.
pub(super) const REST: &str = "rest.";

/// What belongs together.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// One more than that of the save before in the folder.
    pub(super) number: u32,
    pub(super) files: Vec<String>,
}

impl Manifest {
    /// That of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let io = |source| Error::Io { path: path.clone(), source };
        let text = std::fs::read_to_string(&path).map_err(io)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Checkpoint { path: path.clone(), reason: error.to_string() })
    }
}

/// Rows and columns of a table under a name of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) table: String,
    /// What stands before the names of its tensors: that of the bags, and its own.
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) first_row: usize,
    pub(super) row_step: usize,
    pub(super) rows: usize,
    pub(super) columns: Range<usize>,
}

impl Piece {
    fn tensor(&self, field: &str) -> String {
        format!("{}.{}.{field}", self.prefix, self.name)
    }
}

/// Files that are open, and the pieces that are in them.
pub(super) struct Sources {
    path: PathBuf,
    files: Vec<(CheckpointReader, Vec<Piece>)>,
}

impl Sources {
    /// Opens what a group saved into a folder, or a file of [`EmbeddingBags`](crate::EmbeddingBags), and
    /// compares the checksums.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        if path.is_dir() {
            for name in &Manifest::read(path)?.files {
                let reader = CheckpointReader::open(path.join(name))?;
                let pieces = reader.json(PIECES)?;
                files.push((reader, pieces));
            }
        } else {
            let reader = CheckpointReader::open(path)?;
            let prefix = crate::bag::PREFIX;
            let tables: Vec<String> = reader.json(&format!("{prefix}.tables"))?;
            let whole = tables.into_iter().map(|table| {
                let shape = reader.shape(&format!("{prefix}.{table}.weight")).unwrap_or(&[0, 0]);
                let (rows, columns) =
                    (shape.first().copied().unwrap_or(0), shape.get(1).copied().unwrap_or(0));
                let (name, prefix) = (table.clone(), prefix.to_owned());
                Piece { table, prefix, name, first_row: 0, row_step: 1, rows, columns: 0..columns }
            });
            let whole = whole.collect();
            files.push((reader, whole));
        }
        Ok(Self { path: path.to_owned(), files })
    }

    /// What each rank saved beside its tables; of a file of one process, all but its tables.
    pub(super) fn rests(&mut self) -> Result<Vec<Checkpoint>> {
        let folder = self.path.is_dir();
        let tables = format!("{}.", crate::bag::PREFIX);
        let renamed = |name: &str| match folder {
            true => name.strip_prefix(REST).map(str::to_owned),
            false => (!name.starts_with(&tables)).then(|| name.to_owned()),
        };
        self.files.iter_mut().map(|(reader, _)| reader.select(renamed)).collect()
    }

    fn error(&self, reason: String) -> Error {
        Error::Checkpoint { path: self.path.clone(), reason }
    }

    /// All tables, whole, in the order of their names.
    pub(super) fn whole(&self, prefix: &str) -> Result<Vec<Piece>> {
        let mut tables = BTreeMap::<String, (Piece, usize)>::new();
        for piece in self.files.iter().flat_map(|(_, pieces)| pieces) {
            let empty = || Piece {
                table: piece.table.clone(),
                prefix: prefix.to_owned(),
                name: piece.table.clone(),
                first_row: 0,
                row_step: 1,
                rows: 0,
                columns: 0..0,
            };
            let (whole, saved) = tables.entry(piece.table.clone()).or_insert_with(|| (empty(), 0));
            let last = piece.rows.checked_sub(1).map(|last| piece.number(last));
            whole.rows = whole.rows.max(last.map_or(0, |last| last.saturating_add(1)));
            whole.columns.end = whole.columns.end.max(piece.columns.end);
            *saved += piece.rows;
        }
        // before there is room made for them
        if let Some((whole, saved)) = tables.values().find(|(whole, saved)| whole.rows > *saved) {
            return Err(
                self.error(format!("table \"{}\": expected {} rows, got {saved}", whole.table, whole.rows))
            );
        }
        Ok(tables.into_values().map(|(whole, _)| whole).collect())
    }

    /// The wanted pieces as bags of this prefix save them.
    pub(super) fn checkpoint(&mut self, prefix: &str, wanted: &[Piece]) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        let names: Vec<&String> = wanted.iter().map(|piece| &piece.name).collect();
        checkpoint.set_json(&format!("{prefix}.tables"), &names)?;
        let mut own = BTreeMap::<&String, Value>::new();
        for piece in wanted {
            let saved = self.files.iter().find_map(|(reader, pieces)| {
                pieces.iter().find(|saved| saved.table == piece.table).map(|saved| (reader, saved.clone()))
            });
            let Some((reader, saved)) = saved else {
                return Err(self.error(format!("table \"{}\": expected its rows, got none", piece.table)));
            };
            for key in ["steps", "optimizer"] {
                let value: Value = reader.json(&format!("{}.{key}", saved.prefix))?;
                checkpoint.set_json(&format!("{prefix}.{key}"), &value)?;
            }
            let optimizers = format!("{}.table_optimizers", saved.prefix);
            if reader.metadata(&optimizers).is_some() {
                let mut optimizers: BTreeMap<String, Value> = reader.json(&optimizers)?;
                own.extend(optimizers.remove(&saved.name).map(|optimizer| (&piece.name, optimizer)));
            }
            let fields = reader.fields(&format!("{}.{}.", saved.prefix, saved.name));
            let fields = fields.into_iter().map(|field| (reader.dtype(&saved.tensor(&field)), field));
            for (dtype, field) in fields.collect::<Vec<_>>() {
                let name = piece.tensor(&field);
                match &*dtype {
                    "F32" => self.insert::<f32>(&mut checkpoint, &name, piece, &field)?,
                    "F16" => self.insert::<f16>(&mut checkpoint, &name, piece, &field)?,
                    "BF16" => self.insert::<bf16>(&mut checkpoint, &name, piece, &field)?,
                    "U32" => self.insert::<u32>(&mut checkpoint, &name, piece, &field)?,
                    other => return Err(self.error(format!("tensor \"{name}\": expected rows, got {other}"))),
                }
            }
        }
        if !own.is_empty() {
            checkpoint.set_json(&format!("{prefix}.table_optimizers"), &own)?;
        }
        Ok(checkpoint)
    }

    /// A field of a piece, from all pieces that have some of it.
    fn insert<T: Element>(
        &mut self,
        checkpoint: &mut Checkpoint,
        name: &str,
        wanted: &Piece,
        field: &str,
    ) -> Result<()> {
        let mut per_row = false;
        let mut values = Vec::<T>::new();
        let mut found = 0;
        for (reader, pieces) in &mut self.files {
            for saved in pieces.iter().filter(|saved| saved.table == wanted.table) {
                let tensor = saved.tensor(field);
                per_row = reader.shape(&tensor).is_some_and(|shape| shape.len() == 1);
                let columns = |piece: &Piece| if per_row { 0..1 } else { piece.columns.clone() };
                let (from, to) = (columns(saved), columns(wanted));
                let both = from.start.max(to.start)..from.end.min(to.end);
                let shape = if per_row { vec![saved.rows] } else { vec![saved.rows, from.len()] };
                if reader.shape(&tensor) != Some(&shape) || from.is_empty() {
                    let got = reader.shape(&tensor).map_or("none".to_owned(), |shape| format!("{shape:?}"));
                    let reason = format!("tensor \"{tensor}\": expected shape {shape:?}, got {got}");
                    return Err(Error::Checkpoint { path: self.path.clone(), reason });
                }
                values.resize(wanted.rows * to.len(), T::zeroed());
                if both.is_empty() || per_row && saved.columns.start > 0 {
                    continue;
                }
                let step = (AT_ONCE / from.len()).max(1);
                for first in (0..saved.rows).step_by(step) {
                    let rows = first..saved.rows.min(first + step);
                    let read = reader.rows::<T>(&tensor, rows.clone())?;
                    for (row, read) in rows.zip(read.chunks(from.len())) {
                        let Some(place) = wanted.place(saved.number(row)) else { continue };
                        let target =
                            &mut values[place * to.len()..][both.start - to.start..both.end - to.start];
                        target.copy_from_slice(&read[both.start - from.start..both.end - from.start]);
                        found += both.len();
                    }
                }
            }
        }
        if found != values.len() {
            let reason =
                format!("table \"{}\", {field}: expected {} values, got {found}", wanted.table, values.len());
            return Err(self.error(reason));
        }
        let shape = if per_row { vec![wanted.rows] } else { vec![wanted.rows, wanted.columns.len()] };
        checkpoint.insert(name, &shape, values)
    }
}

impl Piece {
    /// The number in the table of a row of the piece.
    fn number(&self, row: usize) -> usize {
        self.first_row.saturating_add(row.saturating_mul(self.row_step))
    }

    /// Where a row of the table lies in the piece, if it is there.
    fn place(&self, row: usize) -> Option<usize> {
        let beyond = row.checked_sub(self.first_row)?;
        let place = beyond / self.row_step;
        (beyond.is_multiple_of(self.row_step) && place < self.rows).then_some(place)
    }
}
