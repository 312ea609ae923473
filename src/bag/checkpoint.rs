//! Tables and optimizer state in checkpoints.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::EmbeddingBags;
use crate::optimizer::{Optimizer, WeightDecay};
use crate::table::Kind;
use crate::{Checkpoint, Result};

/// The prefix of [`EmbeddingBags::save`].
const PREFIX: &str = "bags";

/// How a checkpoint describes the optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OptimizerEntry {
    name: String,
    lr: f32,
    eps: f32,
    weight_decay: WeightDecay,
}

impl From<&Optimizer> for OptimizerEntry {
    fn from(optimizer: &Optimizer) -> Self {
        let (lr, eps, weight_decay) = optimizer.hyper_parameters();
        Self { name: optimizer.name().to_owned(), lr, eps, weight_decay }
    }
}

impl EmbeddingBags {
    /// Adds all tables to a checkpoint: `{prefix}.{table}.weight` as `[rows, dim]`, the optimizer's
    /// `{prefix}.{table}.state` as `[rows, values per row]` where it has any, and `{prefix}.tables` and
    /// `{prefix}.optimizer` in the metadata. Blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the checkpoint has one of these names already, [`Error::Device`](crate::Error::Device) if the device
    /// fails.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        for (index, table) in self.store.names().iter().enumerate() {
            for kind in self.kinds(index) {
                let values = self.store.read_all(index, kind)?;
                checkpoint.insert(
                    &tensor_name(prefix, table, kind),
                    &self.tensor_shape(index, kind),
                    values,
                )?;
            }
        }
        checkpoint.set_json(&format!("{prefix}.tables"), self.store.names())?;
        checkpoint
            .set_json(&format!("{prefix}.optimizer"), &self.optimizer.as_ref().map(OptimizerEntry::from))
    }

    /// Takes weights, optimizer state and learning rate from a checkpoint that [`EmbeddingBags::export`] wrote.
    /// Nothing is changed unless everything fits, see [`EmbeddingBags::check_import`]. Waits until it is done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::check_import`]; [`Error::Device`](crate::Error::Device) if the device fails.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let saved = self.checked(checkpoint, prefix)?;
        for index in 0..self.store.names().len() {
            for kind in self.kinds(index) {
                let name = tensor_name(prefix, &self.store.names()[index], kind);
                let values = checkpoint.tensor::<f32>(&name, &self.tensor_shape(index, kind))?;
                self.store.write_all(index, kind, values)?;
            }
        }
        if let (Some(optimizer), Some(saved)) = (&mut self.optimizer, saved) {
            *optimizer = optimizer.with_lr(saved.lr);
        }
        Ok(())
    }

    /// Whether a checkpoint fits: the same tables with the same rows and dims, and the same optimizer with the same
    /// `eps` and weight decay. The learning rate may differ. Bags without an optimizer take the weights of any.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint), which says what differs.
    pub fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.checked(checkpoint, prefix).map(drop)
    }

    fn checked(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<Option<OptimizerEntry>> {
        let saved_tables: Vec<String> = checkpoint.json(&format!("{prefix}.tables"))?;
        for (index, table) in self.store.names().iter().enumerate() {
            let shape = self.tensor_shape(index, Kind::Weights);
            let what = format!("table \"{table}\"");
            let expected = format!("{} rows x {} columns", shape[0], shape[1]);
            if !saved_tables.contains(table) {
                return Err(checkpoint.mismatch(what, expected, format!("only tables {saved_tables:?}")));
            }
            let name = tensor_name(prefix, table, Kind::Weights);
            match checkpoint.shape(&name) {
                Some(found) if found == shape => checkpoint.tensor::<f32>(&name, &shape).map(drop)?,
                Some(&[rows, dim]) => {
                    return Err(checkpoint.mismatch(what, expected, format!("{rows} rows x {dim} columns")));
                }
                // no tensor, or one that is not a matrix, has its own words
                _ => checkpoint.tensor::<f32>(&name, &shape).map(drop)?,
            }
        }
        if let Some(extra) = saved_tables.iter().find(|table| !self.store.names().contains(table)) {
            let expected = format!("only tables {:?}", self.store.names());
            return Err(checkpoint.mismatch(format!("table \"{extra}\""), expected, "one more"));
        }
        let saved: Option<OptimizerEntry> = checkpoint.json(&format!("{prefix}.optimizer"))?;
        let Some(optimizer) = &self.optimizer else { return Ok(None) };
        let wanted = OptimizerEntry::from(optimizer);
        let Some(saved) = saved else {
            return Err(checkpoint.mismatch("optimizer", wanted.name, "none"));
        };
        if saved.name != wanted.name {
            return Err(checkpoint.mismatch("optimizer", wanted.name, saved.name));
        }
        if saved.eps.to_bits() != wanted.eps.to_bits() {
            return Err(checkpoint.mismatch(format!("{} eps", wanted.name), wanted.eps, saved.eps));
        }
        if saved.weight_decay != wanted.weight_decay {
            let (expected, got) = (wanted.weight_decay, saved.weight_decay);
            return Err(checkpoint.mismatch(
                format!("{} weight decay", wanted.name),
                format!("{expected:?}"),
                format!("{got:?}"),
            ));
        }
        if !saved.lr.is_finite() {
            return Err(checkpoint.mismatch(format!("{} lr", wanted.name), "a finite number", saved.lr));
        }
        for (index, table) in self.store.names().iter().enumerate() {
            let shape = self.tensor_shape(index, Kind::State);
            if shape[1] > 0 {
                checkpoint.tensor::<f32>(&tensor_name(prefix, table, Kind::State), &shape)?;
            }
        }
        Ok(Some(saved))
    }

    /// [`EmbeddingBags::export`] into a file of its own.
    ///
    /// # Errors
    /// As [`EmbeddingBags::export`] and [`Checkpoint::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        self.export(&mut checkpoint, PREFIX)?;
        checkpoint.save(path)
    }

    /// [`EmbeddingBags::import`] from a file that [`EmbeddingBags::save`] wrote, into bags of the same description.
    ///
    /// # Errors
    /// As [`EmbeddingBags::import`] and [`Checkpoint::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.import(&Checkpoint::load(path)?, PREFIX)
    }

    /// What there is to keep of a table.
    fn kinds(&self, table: usize) -> Vec<Kind> {
        match self.store.row_len(table, Kind::State) {
            0 => vec![Kind::Weights],
            _ => vec![Kind::Weights, Kind::State],
        }
    }

    fn tensor_shape(&self, table: usize, kind: Kind) -> [usize; 2] {
        [self.store.shape(table).rows as usize, self.store.row_len(table, kind)]
    }
}

fn tensor_name(prefix: &str, table: &str, kind: Kind) -> String {
    let kind = match kind {
        Kind::Weights => "weight",
        Kind::State => "state",
    };
    format!("{prefix}.{table}.{kind}")
}
