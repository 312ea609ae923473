//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::chunked_args::ChunkedArgs;
use crate::ctr::{Embedding, Name, Precision, RunArgs, Settings};
use crate::data::DataError;
use crate::output::png_path;

/// Trains a click-through-rate model (DLRM, DCN-v2, DHEN or Wukong) on embedding bags and reports its test log loss, AUC
/// and normalised entropy after each epoch.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "train_ctr")]
pub struct Args {
    #[command(flatten)]
    pub run: RunArgs,
    /// Write the model here after each epoch; it may take the place of that of --resume, and of no other
    /// input
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Go on from a checkpoint
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Draw the curves of loss, AUC and normalised entropy
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Chunked: draw the columns that ids keep against how often they occurred while this run trained
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub dims: Option<PathBuf>,
    /// Print what each kernel of the training steps took on the device; the steps then wait for each other
    #[arg(long)]
    pub profile: bool,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub chunked: ChunkedArgs,
}

impl Args {
    /// The run's settings; `saved` are those of the checkpoint it goes on from.
    pub fn settings(&self, saved: Option<&Settings>) -> Result<Settings, DataError> {
        let settings = self.run.settings(saved)?;
        let embedding = self.chunked.embedding(settings.dim.get(), saved.map(|saved| saved.embedding))?;
        if embedding != Embedding::Fixed {
            let given = self.run.hash_rows.map(|rows| ("--hash-rows", "none", rows.to_string()));
            let precision = settings.precision;
            let narrow =
                (precision != Precision::F32).then(|| ("--precision", "f32", Name(precision).to_string()));
            if let Some((argument, expected, got)) = given.or(narrow) {
                let expected = format!("{expected} with --embedding chunked");
                return Err(DataError::argument(argument, expected, got));
            }
        }
        Ok(Settings { embedding, ..settings })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn pictures_are_of_one_format() {
        let error =
            Args::try_parse_from(["train_ctr", "--plot", "curves.svg"]).err().map(|error| error.to_string());
        let expected = "expected a file name ending in .png, got `curves.svg`";
        assert!(error.is_some_and(|error| error.contains("--plot") && error.contains(expected)));
    }
}
