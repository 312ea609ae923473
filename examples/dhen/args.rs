//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::data;
use crate::device::Device;
use crate::output::png_path;

/// Trains stacked interactions (DHEN): on a made-up task whose answer is a product of three values, where two layers
/// must find what one cannot (the exit code is 1 if a criterion fails); or, with --format, sets of modules in one to
/// three layers on a data set.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "dhen")]
pub struct Args {
    /// Where to train
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// Study sets of modules on this data set, at --train
    #[arg(long, value_enum, requires = "train")]
    pub format: Option<Format>,
    /// The file of Adult, or MovieLens' folder
    #[arg(long, value_name = "PATH", requires = "format")]
    pub train: Option<PathBuf>,
    /// One seed, and a fifth of the examples or two sets of modules: to see that it runs, without criteria
    #[arg(long)]
    pub quick: bool,
    /// Draw each net's normalised entropy, by epoch or by parameters
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
}

/// Data sets that are studied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
pub enum Format {
    /// A folder with MovieLens' ratings.csv and movies.csv
    MovieLens,
    /// UCI Adult (census income): a CSV file with a header, or UCI's own files without
    Adult,
}

impl Format {
    /// The same as a format of data.
    pub const fn of_data(self) -> data::Format {
        match self {
            Self::MovieLens => data::Format::MovieLens,
            Self::Adult => data::Format::Adult,
        }
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
}
