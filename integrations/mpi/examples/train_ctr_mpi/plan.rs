//! Where tables lie: as a file says, or as a sample of the data suggests.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use embag::sharded::{Load, Plan, Planned, ShardedBagsBuilder};
use serde::Serialize;

use crate::ctr::Settings;
use crate::data::Dataset;
use crate::error::RunError;

/// What the command line says of it.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct PlanArgs {
    /// Where tables lie: auto, by what a batch asks of each, or a file with a placement for each table, such
    /// as {"user": {"row_wise": "rows"}, "movie": {"table_wise": 1}, "genre": "data_parallel"}
    #[arg(long, value_name = "auto|FILE.json", default_value = "auto")]
    pub plan: Source,
    /// With --plan auto: bytes of rows and optimizer state that a rank may have [default: any number]
    #[arg(long, value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    pub allowed: u64,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Auto,
    File(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            path => Self::File(path.into()),
        })
    }
}

/// A plan, and what it is likely to cost where it was made here.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Chosen {
    Given(Plan),
    Made(Planned),
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("plan: as given"),
            Self::Made(planned) => planned.fmt(f),
        }
    }
}

impl PlanArgs {
    /// The plan for tables that are described.
    pub fn choose(
        &self,
        described: &ShardedBagsBuilder,
        data: &dyn Dataset,
        settings: &Settings,
    ) -> Result<Chosen, RunError> {
        let path = match &self.plan {
            Source::Auto => {
                return Ok(Chosen::Made(described.planned(&sample(data, settings)?, self.allowed)?));
            }
            Source::File(path) => path,
        };
        let refuse = |reason: String| RunError::Plan { path: path.clone(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let plan = serde_json::from_str(&text)
            .map_err(|error| refuse(format!("expected a placement for each table, got: {error}")))?;
        Ok(Chosen::Given(plan))
    }
}

/// What the first batch asks of the tables; all ranks read the same.
fn sample(data: &dyn Dataset, settings: &Settings) -> Result<Load, RunError> {
    let mut load = Load::new();
    if let Some(examples) = data.train(settings.seed, 1, settings.batch).next() {
        let examples = examples?;
        for (feature, bags) in data.schema().features.iter().zip(&examples.features) {
            load = load.bags(&feature.table, &bags.values, examples.len());
        }
    }
    Ok(load)
}

/// Writes a plan as JSON.
pub fn write(path: &Path, plan: &Chosen) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(plan)?;
    std::fs::write(path, text)
        .map_err(|error| RunError::Plan { path: path.to_owned(), reason: format!("cannot write: {error}") })
}
