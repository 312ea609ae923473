//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::compare::Plan;
use crate::device::Device;
use crate::method::ALL;
use crate::output::png_path;
use crate::training::{QUICK, Size, WHOLE};

/// Holds chunked tables (FIITED), of which most chunks are pruned while training, against full ones and
/// others of the same bytes, on made-up clicks, and checks what is claimed of them. The exit code is 1 if a
/// criterion fails.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "chunked_ctr")]
pub struct Args {
    /// Where to train
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub device: Device,
    /// Seeds of made-up clicks; what is reported is the median over them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=99))]
    pub seeds: u8,
    /// A few ids and steps, to see that all works: the criteria on what is learnt are not judged
    #[arg(long)]
    pub quick: bool,
    /// Train only what has this in its name, beside the full tables: "k=1", "uniform", "decay 0.998"
    #[arg(long, value_name = "TEXT", value_parser = part_of_a_name)]
    pub only: Option<String>,
    /// Draw the AUC against the share that is pruned
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub plot: Option<PathBuf>,
    /// Draw the columns that ids keep against their frequency
    #[arg(long, value_name = "FILE.png", value_parser = png_path)]
    pub dims: Option<PathBuf>,
    /// Write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Args {
    pub fn size(&self) -> Size {
        if self.quick { QUICK } else { WHOLE }
    }

    pub fn plan(&self) -> Plan {
        Plan::new(self.only.as_deref())
    }

    pub fn seeds(&self) -> Vec<u64> {
        (1..=u64::from(self.seeds)).collect()
    }

    /// The files to write, by their arguments.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        [("--plot", &self.plot), ("--dims", &self.dims), ("--json", &self.json)]
            .into_iter()
            .filter_map(|(argument, path)| path.as_ref().map(|path| (argument, path)))
    }
}

fn part_of_a_name(text: &str) -> Result<String, String> {
    match ALL.iter().any(|method| method.name().contains(text)) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected a part of a method's name as the table has it, got `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::try_parse_from(["chunked_ctr"].iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_seeds_and_files() -> Result<(), String> {
        assert_eq!((parse(&[])?.size(), parse(&[])?.seeds()), (WHOLE, vec![1, 2, 3]));
        let args = parse(&["--quick", "--seeds", "1", "--json", "a", "--dims", "b.png"])?;
        assert_eq!((args.size(), args.seeds()), (QUICK, vec![1]));
        assert_eq!(args.files().map(|(argument, _)| argument).collect::<Vec<_>>(), ["--dims", "--json"]);
        Ok(())
    }

    #[test]
    fn errors_name_argument_expected_and_got() {
        for (argument, value, expected) in [
            ("--seeds", "0", "0 is not in 1..=99"),
            ("--only", "k=3", "expected a part of a method's name as the table has it, got `k=3`"),
            ("--device", "tpu", "invalid value 'tpu'"),
            ("--plot", "auc.svg", "expected a file name ending in .png, got `auc.svg`"),
            ("--dims", "dims", "expected a file name ending in .png, got `dims`"),
        ] {
            let error = parse(&[argument, value]).err().unwrap_or_default();
            assert!(error.contains(argument) && error.contains(expected), "{error}");
        }
    }
}
