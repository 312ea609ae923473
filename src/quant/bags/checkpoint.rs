//! Quantised tables in files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{QuantizedBags, RowLayout};
use crate::delta::Followed;
use crate::table::RowFormat;
use crate::{Bounds, Checkpoint, Context, Error, Pooling, Precision, Result};

/// The prefix of [`QuantizedBags::save`].
const PREFIX: &str = "quantized";

/// What a file says of a table.
#[derive(Serialize, Deserialize)]
struct SavedTable {
    name: String,
    rows: usize,
    dim: usize,
    format: RowFormat,
    /// Whether its ids are raw.
    #[serde(default)]
    raw: bool,
}

/// What a file says of a feature.
#[derive(Serialize, Deserialize)]
struct SavedFeature {
    name: String,
    table: String,
    pooling: Pooling,
    padding: Option<u32>,
}

/// What a file says of quantised bags.
#[derive(Serialize, Deserialize)]
struct Saved {
    tables: Vec<SavedTable>,
    features: Vec<SavedFeature>,
    bounds: Bounds,
    /// Whether raw ids without a row count as rows of zeros.
    #[serde(default)]
    absent_count: bool,
    #[serde(default)]
    output_precision: Precision,
    /// The model that the rows are of, and its step that they are of.
    #[serde(default)]
    followed: Option<(String, u32)>,
}

impl QuantizedBags {
    /// Adds all tables to a checkpoint: `{prefix}.{table}.rows` as `[rows, bytes]`, the rows in
    /// [`RowLayout::Fused`], the directories of raw ids as [`EmbeddingBags::export`](crate::EmbeddingBags::export)
    /// does, and `{prefix}.bags` in the metadata, which describes tables and features. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the checkpoint has one of these names already,
    /// [`Error::Device`] if the device fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        // rows and step belong together
        let hold = self.followed.as_ref().map(Followed::hold);
        let mut tables = Vec::new();
        for name in self.tables() {
            let (_, shape) = self.table(name)?;
            let bytes = self.download_bytes(name, RowLayout::Fused)?;
            let row_bytes = RowLayout::Fused.row_bytes(shape.format, shape.dim as usize)?;
            checkpoint.insert(&rows_name(prefix, name), &[shape.rows as usize, row_bytes], bytes)?;
            tables.push(SavedTable {
                name: name.clone(),
                rows: shape.rows as usize,
                dim: shape.dim as usize,
                format: shape.format,
                raw: self.bags.directories().get(self.bags.store().tables().find(name)?).is_some(),
            });
        }
        self.bags.directories().export(self.tables(), checkpoint, prefix)?;
        let schema = self.bags.schema();
        let features = schema.features.iter().map(|feature| SavedFeature {
            name: feature.name.clone(),
            table: self.tables()[feature.table].clone(),
            pooling: feature.pooling,
            padding: feature.given_padding(),
        });
        let followed = self.followed.as_ref().map(|followed| (followed.model.clone(), followed.step()));
        drop(hold);
        let absent_count = schema.pruned && tables.iter().any(|table| table.raw);
        let (features, bounds) = (features.collect(), schema.bounds);
        let saved = Saved {
            tables,
            features,
            bounds,
            absent_count,
            output_precision: self.output_precision(),
            followed,
        };
        checkpoint.set_json(&format!("{prefix}.bags"), &saved)
    }

    /// Makes the bags that [`QuantizedBags::export`] described, on any device.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are none, or they are damaged;
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn from_checkpoint(ctx: &Context, checkpoint: &Checkpoint, prefix: &str) -> Result<Self> {
        let saved: Saved = checkpoint.json(&format!("{prefix}.bags"))?;
        // before memory is asked for what is not there
        for table in &saved.tables {
            saved_rows(checkpoint, prefix, table)?;
        }
        let mut builder = Self::builder(ctx).bounds(saved.bounds).output_precision(saved.output_precision);
        if saved.absent_count {
            builder = builder.absent_count();
        }
        for table in &saved.tables {
            let SavedTable { name, rows, dim, format, raw } = table;
            builder = match raw {
                true => builder.raw_table(name, *rows, *dim, *format),
                false => builder.table(name, *rows, *dim, *format),
            };
        }
        for feature in &saved.features {
            builder = builder.feature(&feature.name, &feature.table, feature.pooling);
            if let Some(padding) = feature.padding {
                builder = builder.padding(padding);
            }
        }
        let damaged = |error| match error {
            Error::InvalidArgument { argument, expected, got } => {
                checkpoint.mismatch(argument, expected, got)
            }
            other => other,
        };
        let mut this = builder.build().map_err(damaged)?;
        let names = this.tables().to_vec();
        this.bags.directories().check_import(&names, checkpoint, prefix)?;
        this.bags.directories_mut().import(&names, checkpoint, prefix)?;
        for table in &saved.tables {
            let bytes = saved_rows(checkpoint, prefix, table)?;
            this.upload_bytes(&table.name, bytes, RowLayout::Fused).map_err(damaged)?;
        }
        this.followed = saved.followed.map(|(model, step)| Followed::new(model, step));
        Ok(this)
    }

    /// [`QuantizedBags::export`] into a file.
    ///
    /// # Errors
    /// As [`QuantizedBags::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`QuantizedBags::from_checkpoint`] from a file that [`QuantizedBags::save`] wrote.
    ///
    /// # Errors
    /// As [`QuantizedBags::from_checkpoint`] and [`Checkpoint::load`].
    pub fn from_file(ctx: &Context, path: impl AsRef<Path>) -> Result<Self> {
        Self::from_checkpoint(ctx, &Checkpoint::load(path)?, PREFIX)
    }
}

/// The bytes of a table's rows.
fn saved_rows<'a>(checkpoint: &'a Checkpoint, prefix: &str, table: &SavedTable) -> Result<&'a [u8]> {
    let name = rows_name(prefix, &table.name);
    let shape = RowLayout::Fused.row_bytes(table.format, table.dim).ok();
    let Some(row_bytes) = shape else {
        let got = format!("{} x {}", table.rows, table.dim);
        return Err(checkpoint.mismatch(name, "a table that memory has room for", got));
    };
    checkpoint.tensor::<u8>(&name, &[table.rows, row_bytes])
}

fn rows_name(prefix: &str, table: &str) -> String {
    format!("{prefix}.{table}.rows")
}
