//! What a study says: a table of nets, and a line of JSON.

use std::io::{self, Write};

use serde::Serialize;

/// What a study came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    pub driver: String,
    pub format: &'static str,
    pub seconds: f64,
    pub seeds: u64,
    pub epochs: u64,
    pub nets: Vec<Row>,
}

/// A set of modules in some layers; means of the seeds.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub modules: &'static str,
    pub layers: usize,
    /// Of layers and head.
    pub parameters: usize,
    pub ne: f64,
    pub auc: f64,
}

impl Summary {
    /// Writes the table.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{:<20}{:>7}{:>12}{:>9}{:>9}", "modules", "layers", "parameters", "NE", "AUC")?;
        for Row { modules, layers, parameters, ne, auc } in &self.nets {
            writeln!(out, "{modules:<20}{layers:>7}{parameters:>12}{ne:>9.4}{auc:>9.4}")?;
        }
        Ok(())
    }

    /// Writes the line of JSON.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}
