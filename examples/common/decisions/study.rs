//! A program that opens a device, reads data or makes it up, and ends with a table, a picture and a line of JSON.

use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use embag::Context;
use serde::Serialize;

use super::curves::{self, Panel};
use super::likes::{self, Like};
use crate::data::DataError;
use crate::device::Device;
use crate::output::png_path;
use crate::picture::PlotError;

// What each of them is asked. Not a doc comment, which would be the text of `--help`.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Asked {
    /// Where to run
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// A folder with MovieLens' ratings.csv and, where genres matter, movies.csv; without it all is made up
    #[arg(long, value_name = "FOLDER")]
    pub train: Option<PathBuf>,
    /// A checkpoint of train_ctr, trained on the same folder: what it says of the ratings that it has not
    /// seen is taken for likes
    #[arg(long, value_name = "FILE", requires = "train")]
    pub checkpoint: Option<PathBuf>,
    /// Draw the methods over the run
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Print one line of JSON at the end
    #[arg(long)]
    pub json: bool,
}

/// What is read from a folder.
#[derive(Debug)]
pub struct Train<'a> {
    pub folder: &'a Path,
    pub likes: Vec<Like>,
}

/// What is printed.
pub trait Report: Serialize {
    /// Writes the table.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// What a run came to, and what is drawn of it.
#[derive(Debug)]
pub struct Outcome<R> {
    pub report: R,
    pub title: &'static str,
    pub x_label: &'static str,
    pub panels: Vec<Panel>,
}

/// Whatever ends a run before its report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Embag(#[from] embag::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("cannot write the report: {0}")]
    Report(#[from] io::Error),
}

/// Runs a study, and says what went wrong if something did.
pub fn run<R: Report>(
    asked: &Asked,
    study: impl FnOnce(&Context, Option<Train<'_>>) -> Result<Outcome<R>, RunError>,
) -> ExitCode {
    match tell(asked, study) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell<R: Report>(
    asked: &Asked,
    study: impl FnOnce(&Context, Option<Train<'_>>) -> Result<Outcome<R>, RunError>,
) -> Result<(), RunError> {
    if let Some(path) = &asked.plot {
        curves::check(path)?;
    }
    let ctx = asked.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let read =
        |folder| likes::read(&ctx, folder, asked.checkpoint.as_deref()).map(|likes| Train { folder, likes });
    let train = asked.train.as_deref().map(read).transpose()?;
    let Outcome { report, title, x_label, panels } = study(&ctx, train)?;
    let mut out = stdout().lock();
    report.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &asked.plot {
        curves::write(path, title, x_label, &panels)?;
    }
    if asked.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}
